// How fast `verify` is beside the reference library, on the same messages in the same run.
// node packages/receiver/bench/verify.ts [turns]   prints one JSON line per case, then a table; exits with 1 where the kit is below a target.
import { Webhook } from "standardwebhooks";
import { parseSecret, sign } from "@postrider/protocol";
import { verify } from "../src/index.ts";
import { verifyWith } from "../src/verify.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);
const turns = Number(process.argv[2] ?? 500);
const batchMs = 2;
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const hmacKey = { name: "HMAC", hash: "SHA-256" };
const key = await crypto.subtle.importKey("raw", parseSecret(secret).reveal().bytes, hmacKey, false, [
  "verify",
]);
const reference = new Webhook(secret);
const verifyByWebCrypto = verifyWith(undefined);
const id = "msg_2sVZ8m1qkT0cQ4";
const timestampSeconds = Math.floor(new Date().getTime() / 1000);
/** How many times as fast as the reference the kit has to be, by bytes of body. */
const targets = new Map([
  [1024, 5],
  [20_480, 10],
]);

/** An envelope of exactly `bytes` bytes, with `accent` in its text. */
function envelope(bytes: number, accent: string): Buffer {
  const event = (note: string) =>
    Buffer.from(
      JSON.stringify({
        id: "conv-1001",
        type: "conversion.approved",
        timestamp: "2026-01-31T10:00:00Z",
        schema_version: 1,
        data: { click_id: "c-81f2", payout: 12.5, currency: "EUR", city: `M${accent}nchen`, note },
      }),
    );
  return event("x".repeat(bytes - event("").length));
}

/** One way to verify; `inOne` messages are verified by each call. */
interface Candidate {
  name: string;
  run: () => unknown;
  inOne?: number;
}

/** The reference first in each group. WebCrypto is a group of its own: what it leaves to collect slows its neighbours. */
async function groupsFor(body: Buffer): Promise<Record<"kit" | "webCrypto", Candidate[]>> {
  const signed = await sign(body, { id, timestampSeconds, secrets: [parseSecret(secret)] });
  // The headers of a request as a server behind a proxy has them.
  const headers: Record<string, string> = {
    host: "partner.example",
    "user-agent": "Postrider/0.1",
    accept: "*/*",
    "content-type": "application/json",
    "content-length": String(body.length),
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-proto": "https",
    ...signed,
  };
  const request = new Request("https://partner.example/", { method: "POST", headers });
  const input = Buffer.concat([Buffer.from(`${id}.${timestampSeconds}.`), body]);
  const signature = Buffer.from(signed["webhook-signature"].slice("v1,".length), "base64");
  const bare = () => crypto.subtle.verify("HMAC", key, signature, input);
  const options = { secrets: secret };
  const first = {
    name: "standardwebhooks",
    run: () => reference.verify(body, headers, { jsonParse: false }),
  };
  return {
    kit: [
      first,
      { name: "kit", run: () => verify(body, headers, options) },
      { name: "kit, Headers object", run: () => verify(body, request.headers, options) },
      { name: "standardwebhooks, default (parses JSON)", run: () => reference.verify(body, headers) },
    ],
    webCrypto: [
      first,
      { name: "kit by WebCrypto", run: () => verifyByWebCrypto(body, headers, options) },
      { name: "crypto.subtle.verify, bare", run: bare },
      {
        name: "crypto.subtle.verify, bare, 64 at once",
        run: () => Promise.all(Array.from({ length: 64 }, bare)),
        inOne: 64,
      },
    ],
  };
}

async function microsecondsPerMessage({ run, inOne = 1 }: Candidate, calls: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call += 1) await run();
  return Number(process.hrtime.bigint() - start) / 1000 / calls / inOne;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

interface Result {
  name: string;
  us: number;
  /** How many times as fast as the reference. */
  timesAsFast: number;
}

/**
 * Batches of 2 ms, all candidates in turn. Each is set against the reference's batch of the same turn, and the median
 * is taken of these ratios: what else the machine does falls on both, and hits few batches this short.
 */
async function measure(candidates: readonly Candidate[]): Promise<Result[]> {
  const calls: number[] = [];
  for (const candidate of candidates) {
    const inOne = candidate.inOne ?? 1;
    await microsecondsPerMessage(candidate, 5000 / inOne);
    const us = await microsecondsPerMessage(candidate, 500 / inOne);
    calls.push(Math.ceil((batchMs * 1000) / us / inOne));
  }
  const times: number[][] = candidates.map(() => []);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, candidate] of candidates.entries())
      times[index]?.push(await microsecondsPerMessage(candidate, calls[index] ?? 1));
  }
  const [referenceTimes = []] = times;
  return candidates.map(({ name }, index) => {
    const own = times[index] ?? [];
    return {
      name,
      us: median(own),
      timesAsFast: median(own.map((us, turn) => (referenceTimes[turn] ?? Number.NaN) / us)),
    };
  });
}

const rows: string[] = [];
const short: string[] = [];

async function report(label: string, bytes: number, candidates: readonly Candidate[]): Promise<void> {
  for (const { name, us, timesAsFast } of await measure(candidates)) {
    print(
      JSON.stringify({
        bench: "receiver.verify",
        body: label,
        bytes,
        library: name,
        us: Number(us.toFixed(2)),
        times_as_fast: Number(timesAsFast.toFixed(2)),
      }),
    );
    rows.push(`| ${label} | ${name} | ${us.toFixed(1)} | ${timesAsFast.toFixed(1)} |`);
    const target = targets.get(bytes) ?? 0;
    if (name === "kit" && timesAsFast < target)
      short.push(`${label}: ${timesAsFast.toFixed(2)} times as fast, the target is ${target}`);
  }
}

const messages = [
  ["1 KiB", 1024, "u"],
  ["1 KiB, with an umlaut", 1024, "ü"],
  ["20 KiB", 20_480, "u"],
  ["20 KiB, with an umlaut", 20_480, "ü"],
] as const;
for (const [label, bytes, accent] of messages)
  await report(label, bytes, (await groupsFor(envelope(bytes, accent))).kit);
await report("1 KiB", 1024, (await groupsFor(envelope(1024, "u"))).webCrypto);

print("\n| body | verified by | µs | times as fast |\n|---|---|---|---|");
for (const row of rows) print(row);
for (const line of short) print(line);
if (short.length > 0) process.exitCode = 1;
