import type { IncomingMessage, ServerResponse } from "node:http";
import type { Partner } from "./partner.ts";
import { keptBodyBytes, type KeptRequest } from "./received-request.ts";
import type { RequestLog } from "./request-log.ts";
import { count } from "./tally.ts";
import { findHeader } from "./verification.ts";

/** Bytes of a body that are held while it arrives; a longer one is read to its end and counted, but not verified. */
const heldBodyBytes = 16 * 1_048_576;
const nothing = Buffer.alloc(0);

/** What reaches the fake partners, counted up. */
export class Reception {
  readonly #log: RequestLog;
  readonly #now: () => number;
  #lastSeq = 0;

  constructor(log: RequestLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** The `seq` of the newest request, 0 if there was none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Reads the body, records the request, then does what the partner's script says. */
  receive(partner: Partner, request: IncomingMessage, response: ServerResponse): void {
    const atMs = this.#now();
    let chunks: Buffer[] = [];
    let bodyBytes = 0;
    request.on("data", (chunk: Buffer) => {
      bodyBytes += chunk.length;
      if (bodyBytes <= heldBodyBytes) chunks.push(chunk);
      else chunks = [];
    });
    request.on("end", () => this.#complete(partner, { request, response, atMs, chunks, bodyBytes }));
  }

  #complete(partner: Partner, { request, response, atMs, chunks, bodyBytes }: Arrival): void {
    const url = request.url!;
    const whole = chunks.length === 1 ? chunks[0]! : chunks.length === 0 ? nothing : Buffer.concat(chunks);
    const webhookId = findHeader(request.rawHeaders, "webhook-id");
    const { kind, act } = partner.next(webhookId ?? url);
    const kept: KeptRequest = {
      seq: (this.#lastSeq += 1),
      atMs,
      partner: partner.name,
      method: request.method!,
      url,
      rawHeaders: request.rawHeaders,
      // A copy, as the chunk is a view that keeps a larger receive buffer alive; text, as a Buffer costs more to make.
      latin1Body: whole.toString("latin1", 0, keptBodyBytes),
      bodyBytes,
      webhookId,
      duplicate: count(partner.tally, webhookId),
      behaviour: kind,
      answered: undefined,
      keys: partner.keys,
      verification: undefined,
      findings: undefined,
      tally: partner.tally,
    };
    this.#firstVerdict(kept, whole);
    this.#log.append(kept);
    act({ response, socket: request.socket, atMs, answered: (status) => (kept.answered = status) });
    partner.wakeWaiters();
  }

  /** Settles at once what needs no key, and what cannot wait because its body is not kept whole. */
  #firstVerdict(kept: KeptRequest, whole: Buffer): void {
    const signed = findHeader(kept.rawHeaders, "webhook-signature") !== undefined;
    if (!signed || kept.keys.length === 0 || kept.bodyBytes > whole.length) {
      const verdict = signed ? "unchecked" : "unsigned";
      kept.verification = { verdict };
      kept.tally.verdicts[verdict] += 1;
    } else if (whole.length > keptBodyBytes) this.#log.settleNow(kept, whole);
  }
}

interface Arrival {
  request: IncomingMessage;
  response: ServerResponse;
  atMs: number;
  chunks: Buffer[];
  bodyBytes: number;
}
