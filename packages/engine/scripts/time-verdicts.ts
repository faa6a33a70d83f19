/** What verdict rules cost for an answer of 1 KiB: `node packages/engine/scripts/time-verdicts.ts`. */
import type { VerdictRule } from "@postrider/contract";
import { factsWith } from "../src/core/template/template.fixture.ts";
import { compileVerdicts, judge } from "../src/core/verdicts/index.ts";
import { printCpuTime } from "./cpu-time.ts";

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
const facts = factsWith({});

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

for (const [name, verdicts] of cases) {
  const compiled = compileVerdicts({ verdicts });
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  const work = () => judge(compiled.verdicts, answer, () => facts);
  printCpuTime(name, work, { runs: 15, rounds: 30_000 });
}
