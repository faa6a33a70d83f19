import { expect, it } from "vitest";
import { brokenRules, brokenRun, formatTable, type Outcome } from "./outcome.ts";

const { failures: _, ...nothing } = brokenRun("kills", "cluster", "");
const good: Omit<Outcome, "failures"> = {
  ...nothing,
  events: 1_000,
  duplicates: 5,
  bound: 5,
  documentedBound: 2_256,
  overLimit: 0,
  recoverySeconds: 10,
};

it("passes a run in which nothing is wrong", () => {
  expect(brokenRules(good)).toEqual([]);
});

it.each<[Partial<Outcome>, RegExp]>([
  [{ lost: 1 }, /never arrived/],
  [{ unbacked: 1 }, /ledger does not have/],
  [{ unexplained: 1 }, /without a fault/],
  [{ duplicates: 6 }, /only 5 requests were unrecorded/],
  [{ bound: 2_257, duplicates: 0 }, /more than the documented/],
  [{ drift: -1 }, /off by -1/],
  [{ overLimit: 1 }, /over a partner's limit/],
  [{ recoverySeconds: 10.1 }, /got nothing for 10.1 s/],
  [{ logPeak: 26 }, /26 lines in one second/],
  [{ stuck: 3 }, /3 deliveries still waited/],
])("fails it for %j alone", (wrong, words) => {
  const broken = brokenRules({ ...good, ...wrong });
  expect(broken).toHaveLength(1);
  expect(broken[0]).toMatch(words);
});

it("shows one row each, and under the table what failed", () => {
  const table = formatTable([
    { ...good, failures: [] },
    { ...good, failures: ["3 deliveries still waited at the end"] },
  ]);
  const [head, , first, second, , words] = table.split("\n");
  expect(head).toMatch(/^\| topology +\| scenario/);
  expect(first).toMatch(/\| pass +\|$/);
  expect(second).toMatch(/\| FAIL +\|$/);
  expect(words).toBe("cluster kills: 3 deliveries still waited at the end");
});
