import type { Finding } from "@postrider/receiver";
import type { BehaviourKind } from "./behaviour.ts";
import type { Tally } from "./tally.ts";
import { headerPairs, judge, type Keys, type Verification } from "./verification.ts";

/** Bytes of a body that are kept for listing. */
export const keptBodyBytes = 65_536;

/** A request as it is listed, in TypeScript and in the control API's JSON. */
export interface ReceivedRequest {
  /** Counts up over all partners, from 1; a gap means that older requests were dropped. */
  seq: number;
  /** Arrival, ISO 8601 in UTC. */
  at: string;
  partner: string;
  method: string;
  /** Path and query exactly as received. */
  url: string;
  /** Names in lower case; a header that came more than once is joined by `, `. */
  headers: Record<string, string>;
  /** The body as text, absent where it is not UTF-8. */
  body?: string;
  /** The body in base64, only where it is not UTF-8. */
  body_base64?: string;
  /** Length as received; more than is listed when `body_truncated`. */
  body_bytes: number;
  body_truncated: boolean;
  webhook_id: string | null;
  /** Whether this partner saw the `webhook-id` before. */
  duplicate: boolean;
  verification: Verification;
  behaviour: BehaviourKind;
  /** The status that was sent, or null if none was (yet). */
  answered: number | null;
}

/** A request as it is kept: raw, because most are never listed. */
export interface KeptRequest {
  seq: number;
  atMs: number;
  partner: string;
  method: string;
  url: string;
  rawHeaders: readonly string[];
  /** The kept part of the body, a character for each byte. */
  latin1Body: string;
  bodyBytes: number;
  webhookId: string | undefined;
  duplicate: boolean;
  behaviour: BehaviourKind;
  answered: number | undefined;
  /** Keys at arrival. */
  keys: Keys;
  /** Undefined until somebody asks, and then a promise that is shared. */
  verification: Verification | Promise<Verification> | undefined;
  /** What the doctor said, if it was asked. */
  findings: Promise<readonly Finding[]> | undefined;
  /** Where the verdict is counted. */
  tally: Tally;
}

/** The verdict, reached on the first call and counted once. Body and headers may be dropped afterwards. */
export function settle(request: KeptRequest, wholeBody?: Buffer): Verification | Promise<Verification> {
  if (request.verification !== undefined) return request.verification;
  const body = wholeBody ?? keptBody(request);
  request.verification = judge(body, request.rawHeaders, request.keys, request.atMs).then((verification) => {
    request.verification = verification;
    request.tally.verdicts[verification.verdict] += 1;
    return verification;
  });
  return request.verification;
}

/** The listed form of a kept request. */
export async function present(request: KeptRequest): Promise<ReceivedRequest> {
  const [verdict, findings] = await Promise.all([settle(request), request.findings]);
  const verification: Verification =
    verdict.verdict === "failed" && findings !== undefined ? { ...verdict, findings } : verdict;
  return {
    seq: request.seq,
    at: new Date(request.atMs).toISOString(),
    partner: request.partner,
    method: request.method,
    url: request.url,
    headers: headersOf(request.rawHeaders),
    ...bodyOf(request),
    body_bytes: request.bodyBytes,
    body_truncated: request.bodyBytes > request.latin1Body.length,
    webhook_id: request.webhookId ?? null,
    duplicate: request.duplicate,
    verification,
    behaviour: request.behaviour,
    answered: request.answered ?? null,
  };
}

function headersOf(rawHeaders: readonly string[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of headerPairs(rawHeaders)) {
    const before = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  // From entries, so that a header named __proto__ is only a key.
  return Object.fromEntries(headers);
}

function bodyOf(request: KeptRequest): { body: string } | { body_base64: string } {
  const body = keptBody(request);
  try {
    // A cut may split a character, which alone does not make the text anything but UTF-8: `stream` leaves it out.
    const stream = request.bodyBytes > body.length;
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body, { stream }) };
  } catch {
    return { body_base64: body.toString("base64") };
  }
}

/** The kept part of the body, byte for byte. */
export function keptBody({ latin1Body }: KeptRequest): Buffer {
  return Buffer.from(latin1Body, "latin1");
}
