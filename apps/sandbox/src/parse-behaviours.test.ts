import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Step } from "./behaviour.ts";
import { SandboxError } from "./errors.ts";
import { parseBehaviours } from "./parse-behaviours.ts";

const seed = 20_261_123;

const compact: [string, Step[]][] = [
  ["ok", [{ kind: "ok" }]],
  [
    " 500x2 , ok:204 ",
    [
      { kind: "status", status: 500, times: 2 },
      { kind: "ok", status: 204 },
    ],
  ],
  ["429:2s", [{ kind: "rate_limit", retry_after_ms: 2_000 }]],
  ["429x3:1.5s@date", [{ kind: "rate_limit", retry_after_ms: 1_500, retry_after_form: "date", times: 3 }]],
  ["limit:20/s", [{ kind: "rate_limit", per_second: 20 }]],
  ["slow:500ms", [{ kind: "slow", delay_ms: 500 }]],
  [
    "slow_body,slow_body:100ms/5s",
    [{ kind: "slow_body" }, { kind: "slow_body", interval_ms: 100, duration_ms: 5_000 }],
  ],
  ["redirectx2:https://h:1/x2?a=b", [{ kind: "redirect", location: "https://h:1/x2?a=b", times: 2 }]],
  [
    "each:resetx2,hang",
    [
      { kind: "reset", times: 2, each: "delivery" },
      { kind: "hang", each: "delivery" },
    ],
  ],
];

test.each(compact)("%s", (text, steps) => {
  expect(parseBehaviours(text)).toEqual(steps);
});

test("a list mixes compact text and objects", () => {
  expect(parseBehaviours(["500x2,reset", { kind: "ok", body: "a,b" }])).toEqual([
    { kind: "status", status: 500, times: 2 },
    { kind: "reset" },
    { kind: "ok", body: "a,b" },
  ]);
});

describe("refusals say which step and what to write", () => {
  test.each<[unknown, string]>([
    ["", 'Step 1: cannot read ""'],
    [[], "at least one step"],
    ["ok,nope", 'Step 2: cannot read "nope": write name[xTIMES][:argument]'],
    ["constructor", "cannot read"],
    ["429:2sx2", "as in 429x2:2s"],
    ["429:soon", '"soon" is no duration'],
    ["500:2s", "500 takes no argument"],
    ["reset:1s", "reset takes no argument"],
    ["slow", "slow needs an argument: write slow:500ms"],
    ["limit:fast", "must be like 20/s"],
    ["limit:0/s", '"per_second" must be a whole number from 1'],
    ["slow_body:5s", "must be like 100ms/5s"],
    ["slow_body:0ms/5s", '"interval_ms" must be a whole number from 1'],
    ["okx0", '"times" must be a whole number from 1'],
    ["100", '"status" must be a whole number from 200 to 599'],
    ["redirect:/a\nb", '"location" must be'],
    [{ kind: "toString" }, '"kind" must be one of ok, status'],
    [{ kind: "slow" }, 'slow needs "delay_ms"'],
    [{ kind: "ok", delay_ms: 5 }, 'ok has no field "delay_ms"; it has status, body, headers, times, each'],
    [{ kind: "ok", headers: { "x-a": "1\r\nx-b: 2" } }, '"headers" must be'],
    [{ kind: "ok", each: "partner" }, '"each" must be "request" or "delivery"'],
    [{ kind: "rate_limit", burst: 5 }, '"burst" needs "per_second"'],
    [[null], "Step 1: expected text"],
    [undefined, "Step 1: expected text"],
  ])("%j", (source, message) => {
    const parse = (): unknown => parseBehaviours(source);
    expect(parse).toThrow(SandboxError);
    expect(parse).toThrow(
      expect.objectContaining({ code: "behaviour_invalid", message: expect.stringContaining(message) }),
    );
  });
});

const duration = fc
  .tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom(
      ["ms", 1] as const,
      ["s", 1_000] as const,
      ["m", 60_000] as const,
      ["h", 3_600_000] as const,
    ),
  )
  .map(([amount, [unit, ms]]) => ({ text: `${amount}${unit}`, ms: amount * ms }));
const pair: fc.Arbitrary<{ name: string; argument?: string; step: Step }> = fc.oneof(
  fc
    .constantFrom("reset", "reset_body", "garbage", "nul_body", "hang", "close", "endless_body", "ok")
    .map((kind) => ({ name: kind, step: { kind } as Step })),
  fc
    .integer({ min: 200, max: 599 })
    .map((status) => ({ name: String(status), step: { kind: "status", status } as Step })),
  duration.map(({ text, ms }) => ({
    name: "slow",
    argument: text,
    step: { kind: "slow", delay_ms: ms } as Step,
  })),
  duration.map(({ text, ms }) => ({
    name: "429",
    argument: text,
    step: { kind: "rate_limit", retry_after_ms: ms } as Step,
  })),
  fc
    .webUrl()
    .filter((url) => !url.includes(","))
    .map((url) => ({ name: "redirect", argument: url, step: { kind: "redirect", location: url } as Step })),
);

/** The steps, or the code of the refusal; any other error is the test's to fail on. */
function readOrCode(source: unknown): Step[] | string {
  try {
    return parseBehaviours(source);
  } catch (error) {
    if (error instanceof SandboxError) return error.code;
    throw error;
  }
}

describe("properties", () => {
  test("every compact script reads as its steps", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(pair, fc.option(fc.integer({ min: 1, max: 999 }))), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (parts, each) => {
          const text = parts.map(
            ([{ name, argument }, times]) =>
              `${name}${times === null ? "" : `x${times}`}${argument === undefined ? "" : `:${argument}`}`,
          );
          const steps = parts.map(([{ step }, times]) => ({
            ...step,
            ...(times !== null && { times }),
            ...(each && { each: "delivery" }),
          }));
          expect(parseBehaviours(`${each ? "each:" : ""}${text.join(",")}`)).toEqual(steps);
        },
      ),
      { seed },
    );
  });

  test("anything is either read or refused with the one code, and what was read reads again from JSON", () => {
    const noise = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(each:)?[a-z_0-9x:,@./]{0,20}$/),
      fc.jsonValue(),
      fc.record(
        {
          kind: fc.constantFrom("ok", "status", "slow", "rate_limit", "redirect"),
          status: fc.oneof(fc.integer({ min: 190, max: 610 }), fc.jsonValue()),
          times: fc.integer({ min: 0, max: 9 }),
        },
        { requiredKeys: ["kind"] },
      ),
    );
    let read = 0;
    fc.assert(
      fc.property(noise, (source) => {
        const steps = readOrCode(source);
        if (steps === "behaviour_invalid") return true;
        read += 1;
        return isDeepStrictEqual(readOrCode(JSON.parse(JSON.stringify(steps))), steps);
      }),
      { seed, numRuns: 2_000 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
