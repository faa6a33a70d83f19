/** What verdict rules cost for an answer of 1 KiB: `node packages/engine/scripts/time-verdicts.ts`. */
import type { VerdictRule } from "@postrider/contract";
import { compileVerdicts, judge } from "../src/core/verdicts/index.ts";

const fields = Array.from({ length: 39 }, (_, n) => `"field_${n}":"value ${n}"`).join(",");
// Out of bytes, as the transport makes it.
const responseBody = Buffer.from(`{"code":0,"message":"OK","request_id":"7","data":{${fields}}}`).toString();
const answer = {
  status: 200,
  failure: null,
  location: null,
  retryAfter: null,
  truncated: false,
  responseBody,
};
const facts = {
  eventId: "conv-1001",
  deliveryId: "dlv_7",
  type: "conversion.approved",
  schemaVersion: 1,
  occurredAt: "2026-01-31T10:00:00Z",
  acceptedAt: "2026-01-31T10:00:01Z",
  partner: "acme",
  endpoint: "main",
  attempt: 1,
  dataText: "{}",
};

const cases: readonly (readonly [string, readonly VerdictRule[]])[] = [
  ["no rules", []],
  ["one rule on the status", [{ when: { status: 200 }, then: "delivered" }]],
  [
    "two rules on text",
    [
      { when: { contains: "success=false" }, then: "slow" },
      { when: { starts: '{{"code":0' }, then: "delivered" },
    ],
  ],
  [
    "four rules on three values",
    [
      { when: { json: { pointer: "/code", equals: 40_100 } }, then: "retry" },
      { when: { json: { pointer: "/code", in: [40_002, 40_003] } }, then: "dead" },
      { when: { json: { pointer: "/error/type", exists: true } }, then: "slow" },
      {
        when: {
          json: [
            { pointer: "/code", equals: 0 },
            { pointer: "/message", equals: "OK" },
          ],
        },
        then: "delivered",
      },
    ],
  ],
];

const runs = 15;
const rounds = 30_000;

for (const [name, verdicts] of cases) {
  const compiled = compileVerdicts({ verdicts });
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) judge(compiled.verdicts, answer, () => facts);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / rounds);
  }
  process.stdout.write(`${name}: ${least.toFixed(2)} µs\n`);
}
