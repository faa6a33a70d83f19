import { createHmac } from "node:crypto";
import { parseSecret } from "@postrider/protocol";
import { isReceiverError, verify } from "../src/index.ts";
import { memoryStore } from "../src/stores/memory.ts";
import { handle } from "../src/index.ts";
import { now, nowSeconds, otherSecret, secret } from "../src/testing/signed.ts";

/** What a run of the fuzzer came to. */
export interface FuzzReport {
  cases: number;
  accepted: number;
  refused: Record<string, number>;
}

/** mulberry32: small, seeded, good enough to choose by. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const keys = new Map([secret, otherSecret].map((text) => [text, parseSecret(text).reveal().bytes]));
const hmac = (text: string, id: string, stamp: string, body: Uint8Array): string =>
  createHmac("sha256", keys.get(text) ?? "")
    .update(`${id}.${stamp}.`)
    .update(body)
    .digest("base64");

/**
 * Sends random header sets and bodies, many of them nearly right, through `verify` and every tenth through `handle`.
 *
 * @throws Error for a crash (anything thrown without a code), an accept that an HMAC made apart does not back, or a
 * refusal of a message left as it was signed
 */
export async function fuzz(cases: number, seed: number): Promise<FuzzReport> {
  const random = seededRandom(seed);
  const report: FuzzReport = { cases, accepted: 0, refused: {} };
  const endpoint = handle({
    secrets: secret,
    now: () => now,
    store: memoryStore({ maxEntries: 100 }),
    onError: () => {},
    handler: () => {},
  });
  for (let n = 0; n < cases; n += 1) {
    const { body, headers, untouched } = message(random, n);
    const say = (words: string): Error =>
      new Error(`${words}: seed ${seed}, case ${n}, ${printed(headers)} ${String(body)}`);
    let code = "accepted";
    try {
      const { id, timestampSeconds } = await verify(body as Uint8Array, headers as never, {
        secrets: secret,
        now,
      });
      report.accepted += 1;
      const bytes = Buffer.from(body as Uint8Array);
      if (!printed(headers).includes(hmac(secret, id, String(timestampSeconds), bytes)))
        throw say("accepted without a valid signature");
    } catch (error) {
      if (!isReceiverError(error))
        throw error instanceof Error && error.message.startsWith("accepted")
          ? error
          : say(`crashed with ${String(error)}`);
      code = error.code;
      report.refused[code] = (report.refused[code] ?? 0) + 1;
      if (untouched) throw say(`refused with ${code}`);
    }
    if (n % 10 === 0) {
      const { status } = await endpoint({ headers: headers as never, rawBody: () => body as Uint8Array });
      if ((status === 200) !== (code === "accepted")) throw say(`handle answered ${status}, verify ${code}`);
    }
  }
  return report;
}

/** Headers of any shape as text; a `Headers` or `Map` would print as nothing. */
const printed = (headers: unknown): string =>
  JSON.stringify(headers instanceof Headers || headers instanceof Map ? [...headers] : headers) ?? "";

type Random = () => number;
const pick = <Item>(random: Random, items: readonly Item[]): Item =>
  items[Math.floor(random() * items.length)] as Item;

function junk(random: Random): string {
  const alphabets = ["0123456789", "abc.,- _v1=", "\u0000\t\n\r,; ", "é日🚀", "v1,v1a,whsec_+/="];
  const alphabet = Array.from(pick(random, alphabets));
  return Array.from({ length: Math.floor(random() * 40) }, () => pick(random, alphabet)).join("");
}

function message(random: Random, n: number): { body: unknown; headers: unknown; untouched: boolean } {
  const id = `msg_${n}`;
  const stamp = String(nowSeconds + Math.floor(random() * 100) - 50);
  const body = Uint8Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256));
  const signature = `v1,${hmac(random() < 0.8 ? secret : otherSecret, id, stamp, body)}`;
  const pairs: Array<[unknown, unknown]> = [
    ["webhook-id", id],
    ["webhook-timestamp", stamp],
    ["webhook-signature", signature],
  ];
  const right = signature === `v1,${hmac(secret, id, stamp, body)}`;
  if (random() < 0.1) return { body, headers: Object.fromEntries(pairs), untouched: right };

  let received: unknown = body;
  for (let change = Math.floor(random() * 3); change >= 0; change -= 1)
    received = mutate(random, pairs, received);
  return { body: received, headers: shape(random, pairs), untouched: false };
}

/** One thing that goes wrong: with a header, its name or value, or with the body. */
function mutate(random: Random, pairs: Array<[unknown, unknown]>, body: unknown): unknown {
  const pair = pick(random, pairs) as [unknown, unknown] | undefined;
  const text = typeof pair?.[1] === "string" ? pair[1] : "";
  const at = Math.floor(random() * (text.length + 1));
  switch (Math.floor(random() * 12)) {
    case 0:
      if (pair) pair[1] = junk(random);
      break;
    case 1:
      if (pair) pair[1] = text.slice(0, at) + junk(random).slice(0, 2) + text.slice(at);
      break;
    case 2:
      if (pair) pair[1] = text.slice(0, at) + text.slice(at + 1);
      break;
    case 3:
      if (pair)
        pair[1] = `${text}${pick(random, [" ", ",", ", "])}${pick(random, [text, "v2,x", "v1a,AAAA", junk(random)])}`;
      break;
    case 4:
      if (pair) pair[0] = pick(random, [String(pair[0]).toUpperCase(), `x-${String(pair[0])}`, junk(random)]);
      break;
    case 5:
      if (pair) pairs.push([pair[0], pair[1]]);
      break;
    case 6:
      pairs.splice(Math.floor(random() * pairs.length), 1);
      break;
    case 7:
      if (pair) pair[1] = pick<unknown>(random, [undefined, null, 5, {}, [], [text], [text, text], [5]]);
      break;
    case 8:
      return body instanceof Uint8Array ? Uint8Array.from([...body, 10]) : body;
    case 9:
      return body instanceof Uint8Array ? body.map((byte, index) => (index === 0 ? byte ^ 1 : byte)) : body;
    case 10:
      return pick<unknown>(random, [
        "",
        {},
        null,
        undefined,
        7,
        new Uint16Array(3),
        new ArrayBuffer(4),
        junk(random),
      ]);
    default:
      pairs.push([junk(random), junk(random)]);
  }
  return body;
}

function shape(random: Random, pairs: Array<[unknown, unknown]>): unknown {
  const kind = random();
  if (kind < 0.4) return pairs;
  if (kind < 0.8) return Object.fromEntries(pairs.map(([name, value]) => [String(name), value]));
  if (kind < 0.85)
    return pick<unknown>(random, [
      null,
      undefined,
      5,
      "webhook-id",
      [],
      {},
      new Map(),
      [[]],
      [["webhook-id"]],
      [5],
    ]);
  try {
    return new Headers(pairs.map(([name, value]): [string, string] => [String(name), String(value)]));
  } catch {
    return new Map(pairs as Array<[string, string]>);
  }
}
