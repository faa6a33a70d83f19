import type { IncomingMessage, ServerResponse } from "node:http";
import type { Step } from "./behaviour.ts";
import type { Controlled } from "./controlled.ts";
import { SandboxError, type SandboxErrorCode } from "./errors.ts";
import { fireShot } from "./fire-route.ts";
import { indexPage } from "./index-page.ts";
import { contentSecurityPolicy, type PageFile, pageFiles, wantsPage } from "./page/files.ts";
import { readDocument } from "./read-document.ts";
import { parseBehaviours } from "./parse-behaviours.ts";
import type { Partner } from "./partner.ts";
import { type Keys, parseKeys } from "./verification.ts";

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
  request_refused: 403,
  host_refused: 421,
  target_refused: 403,
  not_found: 404,
  method_not_allowed: 405,
  port_unavailable: 500,
  wait_timed_out: 504,
  sandbox_closed: 503,
};
const defaultLimit = 100;

/** Text, a JSON document, or a file of the page. */
type Reply = string | object | PageReply;
class PageReply {
  readonly file: PageFile;
  constructor(file: PageFile) {
    this.file = file;
  }
}
type Route = (sandbox: Controlled, request: IncomingMessage, url: URL) => Reply | Promise<Reply>;

type Methods = Partial<Record<string, Route>>;

const routes = new Map<string, Methods>([
  ["/", { GET: showIndex }],
  ["/_sandbox/fire", { POST: fireShot }],
  ["/_sandbox/requests", { GET: listRequests, DELETE: clear }],
  ["/_sandbox/summary", { GET: async (sandbox) => ({ partners: await sandbox.summary() }) }],
]);
for (const [path, load] of pageFiles) {
  if (path !== "/") routes.set(path, { GET: () => new PageReply(load()) });
}
const partnerRoutes: Methods = { GET: showPartner, PUT: putPartner };
const partnerPath = "/_sandbox/partners/";

/** Answers everything that is not for a fake partner. */
export async function control(
  sandbox: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    refuseOtherNames(sandbox, request.headers.host);
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

/** A web page that has its own name point to this machine (DNS rebinding) may not read what partners received. */
function refuseOtherNames(sandbox: Controlled, host: string | undefined): void {
  if (host === undefined) return;
  const isName = /^[^@/?#\\]+$/.test(host) && URL.canParse(`http://${host}`);
  if (isName && sandbox.isAllowedHost(new URL(`http://${host}`).hostname)) return;
  throw new SandboxError(
    "host_refused",
    "The sandbox listens only on this machine: call it by 127.0.0.1 or localhost, or start it with --allow-host <name>.",
  );
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
    content instanceof PageReply
      ? [content.file.type, content.file.text]
      : typeof content === "string"
        ? ["text/plain; charset=utf-8", content]
        : ["application/json", JSON.stringify(content)];
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    // What is listed came from anywhere: no browser may take it for a page.
    "x-content-type-options": "nosniff",
    "content-security-policy": contentSecurityPolicy,
    ...(content instanceof PageReply && { "cache-control": "no-cache" }),
  });
  response.end(text);
}

/** The page for browsers, text for all others and for `/?text`. */
function showIndex(sandbox: Controlled, { headers }: IncomingMessage, url: URL): Reply {
  const page = wantsPage(headers.accept) && !url.searchParams.has("text") ? pageFiles.get("/") : undefined;
  return page === undefined ? indexPage(sandbox.url()) : new PageReply(page());
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
