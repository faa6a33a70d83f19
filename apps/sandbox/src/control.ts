import type { IncomingMessage, ServerResponse } from "node:http";
import type { Step } from "./behaviour.ts";
import { SandboxError, type SandboxErrorCode } from "./errors.ts";
import { indexPage } from "./index-page.ts";
import { parseBehaviours } from "./parse-behaviours.ts";
import type { Partner } from "./partner.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { RequestFilter } from "./request-log.ts";
import type { PartnerSummary } from "./tally.ts";
import { type Keys, parseKeys } from "./verification.ts";

/** What the control API can do: the sandbox itself, seen from its HTTP side. */
export interface Controlled {
  partner: (name: string) => Partner;
  knownPartner: (name: string) => Partner | undefined;
  partnerUrl: (name: string) => string;
  requests: (filter: RequestFilter) => Promise<ReceivedRequest[]>;
  summary: () => Promise<Record<string, PartnerSummary>>;
  lastSeq: () => number;
  clear: () => void;
  url: () => string;
}

/** A partner as the control API shows it: never its secrets, only how many. */
export interface PartnerDocument {
  name: string;
  url: string;
  behaviours: readonly Step[];
  secrets: number;
  public_keys: number;
}

const statuses: Record<SandboxErrorCode, number> = {
  behaviour_invalid: 400,
  partner_name_invalid: 400,
  secret_invalid: 400,
  request_invalid: 400,
  not_found: 404,
  method_not_allowed: 405,
  port_unavailable: 500,
  wait_timed_out: 504,
  sandbox_closed: 503,
};
const longestDocumentBytes = 1_048_576;
const defaultLimit = 100;

type Reply = string | object;
type Route = (sandbox: Controlled, request: IncomingMessage, url: URL) => Reply | Promise<Reply>;

type Methods = Partial<Record<string, Route>>;

const routes = new Map<string, Methods>([
  ["/", { GET: (sandbox) => indexPage(sandbox.url()) }],
  ["/_sandbox/requests", { GET: listRequests, DELETE: clear }],
  ["/_sandbox/summary", { GET: async (sandbox) => ({ partners: await sandbox.summary() }) }],
]);
const partnerRoutes: Methods = { GET: showPartner, PUT: putPartner };
const partnerPath = "/_sandbox/partners/";

/** Answers everything that is not for a fake partner. */
export async function control(
  sandbox: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    // Put together as text: as a relative reference, a path that begins with `//` would be read as a host.
    const url = new URL(`http://sandbox${request.url}`);
    const methods = url.pathname.startsWith(partnerPath) ? partnerRoutes : routes.get(url.pathname);
    if (!methods) {
      throw new SandboxError("not_found", `Nothing at ${url.pathname}: GET / lists what there is.`);
    }
    const route = methods[request.method!];
    if (!route)
      throw new SandboxError(
        "method_not_allowed",
        `${url.pathname} takes ${Object.keys(methods).join(", ")}.`,
      );
    reply(response, 200, await route(sandbox, request, url));
  } catch (error) {
    refuse(response, error);
  }
}

/** Answers with the error document of the code's status; anything unexpected is a 500 without detail. */
export function refuse(response: ServerResponse, error: unknown): void {
  const known = error instanceof SandboxError;
  const [code, message] = known
    ? [error.code, error.message]
    : ["unexpected", "The sandbox failed; this is a bug."];
  reply(response, known ? statuses[error.code] : 500, { error: { code, message } });
}

function reply(response: ServerResponse, status: number, content: Reply): void {
  const [type, text] =
    typeof content === "string"
      ? ["text/plain; charset=utf-8", content]
      : ["application/json", JSON.stringify(content)];
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function showPartner(sandbox: Controlled, _request: IncomingMessage, url: URL): PartnerDocument {
  const name = url.pathname.slice(partnerPath.length);
  const partner = sandbox.knownPartner(name);
  if (!partner) throw new SandboxError("not_found", `No partner ${name} yet: PUT it, or send it a request.`);
  return partnerDocument(sandbox, partner);
}

async function putPartner(sandbox: Controlled, request: IncomingMessage, url: URL): Promise<PartnerDocument> {
  const document = await readDocument(request);
  const unknown = Object.keys(document).find((key) => !["behaviours", "secret", "public_key"].includes(key));
  if (unknown !== undefined) {
    throw new SandboxError(
      "request_invalid",
      `There is no "${unknown}": give behaviours, secret or public_key.`,
    );
  }
  const steps = document.behaviours === undefined ? undefined : parseBehaviours(document.behaviours);
  const secrets = keysOf(document.secret, "secret", "whsec");
  const publicKeys = keysOf(document.public_key, "public_key", "whpk");
  const partner = sandbox.partner(url.pathname.slice(partnerPath.length));
  if (steps) partner.perform(steps);
  partner.verifyWith({ ...(secrets && { secrets }), ...(publicKeys && { publicKeys }) });
  return partnerDocument(sandbox, partner);
}

/** Absent keeps what was registered, null forgets it. */
function keysOf(value: unknown, field: string, kind: "whsec" | "whpk"): Keys | undefined {
  if (value === undefined) return undefined;
  if (value === null) return [];
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  if (!texts.every((text) => typeof text === "string")) {
    throw new SandboxError(
      "secret_invalid",
      `"${field}" must be a ${kind}_… string, a list of them, or null.`,
    );
  }
  return parseKeys(texts, kind);
}

function partnerDocument(sandbox: Controlled, partner: Partner): PartnerDocument {
  const { name, steps } = partner;
  return { name, url: sandbox.partnerUrl(name), behaviours: steps, ...partner.keyCounts };
}

async function listRequests(sandbox: Controlled, _request: IncomingMessage, url: URL): Promise<object> {
  const partner = url.searchParams.get("partner");
  const since = url.searchParams.get("since");
  const limit = url.searchParams.get("limit") ?? String(defaultLimit);
  if (!/^\d{1,9}$/.test(limit)) throw new SandboxError("request_invalid", '"limit" must be a whole number.');
  const requests = await sandbox.requests({
    limit: Number(limit),
    ...(partner !== null && { partner }),
    ...(since !== null && { since: readSince(since) }),
  });
  return { requests, last_seq: sandbox.lastSeq() };
}

function readSince(text: string): number | Date {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(date.getTime())) {
    throw new SandboxError(
      "request_invalid",
      '"since" must be a seq such as 17, or a time such as 2026-01-31T10:00:00Z.',
    );
  }
  return date;
}

function clear(sandbox: Controlled): object {
  sandbox.clear();
  return { last_seq: sandbox.lastSeq() };
}

async function readDocument(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestDocumentBytes)
      throw new SandboxError("request_invalid", "The document is longer than 1 MiB.");
    chunks.push(chunk);
  }
  const document = parseJson(Buffer.concat(chunks).toString());
  if (typeof document === "object" && document !== null && !Array.isArray(document))
    return document as Record<string, unknown>;
  throw new SandboxError("request_invalid", 'Send a JSON object such as {"behaviours": "500x2,ok"}.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SandboxError("request_invalid", `The body is no JSON: ${(error as Error).message}.`);
  }
}
