// How fast `verify` is beside the reference library, on the same messages in the same run.
// node packages/receiver/bench/verify.ts [rounds]   prints one JSON line per case, then a table.
import { Webhook } from "standardwebhooks";
import { parseSecret, sign } from "@postrider/protocol";
import { verify } from "../src/index.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);
const rounds = Number(process.argv[2] ?? 9);
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const reference = new Webhook(secret);
const timestampSeconds = Math.floor(new Date().getTime() / 1000);

interface Case {
  body: string;
  library: string;
  us: number;
}

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

/** Microseconds per call: the median of rounds in which the candidates take turns, so that noise falls on all. */
async function measure(
  candidates: Record<string, () => unknown>,
  calls: number,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  for (let round = -2; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = process.hrtime.bigint();
      for (let call = 0; call < calls; call += 1) await run();
      if (round >= 0) (times[name] ??= []).push(Number(process.hrtime.bigint() - start) / calls / 1000);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [name, list.sort((a, b) => a - b)[list.length >> 1] ?? 0]),
  );
}

const cases: Case[] = [];
for (const [label, bytes, accent] of [
  ["1 KiB", 1024, "u"],
  ["1 KiB, with an umlaut", 1024, "ü"],
  ["20 KiB", 20_480, "u"],
  ["20 KiB, with an umlaut", 20_480, "ü"],
] as const) {
  const body = envelope(bytes, accent);
  const signed = await sign(body, {
    id: "msg_2sVZ8m1qkT0cQ4",
    timestampSeconds,
    secrets: [parseSecret(secret)],
  });
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
  const times = await measure(
    {
      kit: () => verify(body, headers, { secrets: secret }),
      "kit, Headers object": () => verify(body, request.headers, { secrets: secret }),
      standardwebhooks: () => reference.verify(body, headers, { jsonParse: false }),
      "standardwebhooks, default (parses JSON)": () => reference.verify(body, headers),
    },
    bytes > 10_000 ? 1000 : 10_000,
  );
  for (const [library, us] of Object.entries(times)) {
    cases.push({ body: label, library, us });
    print(
      JSON.stringify({ bench: "receiver.verify", body: label, bytes, library, us: Number(us.toFixed(2)) }),
    );
  }
}

print(`\n| body | verified by | µs | kit is faster |\n|---|---|---|---|`);
for (const { body, library, us } of cases) {
  const kit = cases.find((other) => other.body === body && other.library === "kit")?.us ?? Number.NaN;
  print(
    `| ${body} | ${library} | ${us.toFixed(1)} | ${library.startsWith("kit") ? "" : `${(us / kit).toFixed(1)}x`} |`,
  );
}
