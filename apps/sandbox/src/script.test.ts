import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseBehaviours } from "./parse-behaviours.ts";
import { Script } from "./script.ts";

const script = (source: string | object): Script<string> =>
  new Script(parseBehaviours(source), (step) => (step.kind === "status" ? String(step.status) : step.kind));

test("steps are played in order, the last for ever", () => {
  const played = script("500x2,429,ok");
  expect(Array.from({ length: 6 }, () => played.next("a"))).toEqual(["500", "500", "429", "ok", "ok", "ok"]);
});

test("each delivery has its own place in the script", () => {
  const played = script("each:500x2,ok");
  expect(["a", "b", "a", "a", "b", "b", "c"].map((id) => played.next(id))).toEqual([
    "500",
    "500",
    "500",
    "ok",
    "500",
    "ok",
    "500",
  ]);
});

test("steps of both reaches mix: shared ones are used up by anybody", () => {
  const played = script([
    { kind: "reset" },
    { kind: "status", status: 500, each: "delivery" },
    { kind: "ok" },
  ]);
  expect(["a", "a", "a", "b", "b"].map((id) => played.next(id))).toEqual(["reset", "500", "ok", "500", "ok"]);
});

test("in any order of arrival, each delivery fails exactly as often as its script says", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }),
      (times, arrivals) => {
        const played = script(`each:500x${times},ok`);
        const seen = Map.groupBy(
          arrivals.map((id) => ({ id, answer: played.next(`d${id}`) })),
          ({ id }) => id,
        );
        for (const answers of seen.values()) {
          expect(answers.map(({ answer }) => answer)).toEqual(
            answers.map((_, index) => (index < times ? "500" : "ok")),
          );
        }
      },
    ),
    { seed: 20_261_123 },
  );
});
