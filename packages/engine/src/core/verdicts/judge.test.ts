import type { VerdictRule } from "@postrider/contract";
import { describe, expect, test } from "vitest";
import { factsWith } from "../template/template.fixture.ts";
import { compileVerdicts } from "./compile.ts";
import { type AnswerFacts, judge, verdictWord } from "./judge.ts";

const facts = factsWith({ id: 123, click: "c-7", empty: "" });

function compiledRules(verdicts: readonly VerdictRule[]) {
  const compiled = compileVerdicts({ verdicts });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.verdicts;
}

const answer = (responseBody: string, more: Partial<AnswerFacts> = {}): AnswerFacts => ({
  status: 200,
  failure: null,
  location: null,
  retryAfter: null,
  truncated: false,
  responseBody,
  ...more,
});

const judged = (verdicts: readonly VerdictRule[], given: AnswerFacts) =>
  judge(compiledRules(verdicts), given, () => facts);

/** What one test makes of an answer. */
const holds = (when: VerdictRule["when"], given: AnswerFacts) =>
  judged([{ when, then: "duplicate" }], given).rule !== null;

const json = (test: Exclude<VerdictRule["when"]["json"], undefined>) => ({ json: test });

describe("a test holds", () => {
  test.each<[string, VerdictRule["when"], string, boolean]>([
    ["a body that is the text", { equals: "OK" }, "OK", true],
    ["white space around the body aside", { equals: "OK" }, " \r\nOK\n", true],
    ["but not in another case", { equals: "OK" }, "ok", false],
    ["an empty body", { equals: "" }, "\n", true],
    ["a body with the text in it", { contains: "success=true" }, "a;success=true;b", true],
    ["a body that begins with the text", { starts: "success=true" }, " success=true;x=1", true],
    ["not one that ends with it", { starts: "true" }, "success=true", false],
    ["an event's macro", { equals: "{event_id}:OK" }, "conv-1001:OK", true],
    ["another event's id", { equals: "{event_id}:OK" }, "conv-1002:OK", false],
    ["never for a macro without a value", { contains: "{data.none}" }, "anything", false],
    ["never for a macro with an empty value", { equals: "{data.empty}" }, "", false],
    ["literal braces", { equals: '{{"ok":1}}' }, '{"ok":1}', true],
  ])("%s: %j on %j is %s", (_, when, body, expected) => {
    expect(holds(when, answer(body))).toBe(expected);
  });

  test.each<[VerdictRule["when"], string, boolean]>([
    [json({ pointer: "/code", equals: 0 }), '{"code":0}', true],
    [json({ pointer: "/code", equals: 0 }), '{"code":"0"}', false],
    [json({ pointer: "/code", equals: "0" }), '{"code":"0"}', true],
    [json({ pointer: "/code", equals: "0" }), '{"code":0}', false],
    [json({ pointer: "/code", equals: 10.5 }), '{"code":10.50}', true],
    [json({ pointer: "/code", in: [1, 3100] }), '{"code":3100}', true],
    [json({ pointer: "/code", in: [1, 3100] }), '{"code":1100}', false],
    [json({ pointer: "/ok", equals: true }), '{"ok":true}', true],
    [json({ pointer: "/ok", equals: null }), '{"ok":null}', true],
    [json({ pointer: "/ok", equals: null }), "{}", false],
    [json({ pointer: "/e/0", exists: true }), '{"e":[1]}', true],
    [json({ pointer: "/e/0", exists: true }), '{"e":[]}', false],
    [json({ pointer: "/e/00", exists: true }), '{"e":[1]}', false],
    [json({ pointer: "/e", exists: true }), '{"e":null}', false],
    [json({ pointer: "/e", exists: false }), '{"e":null}', true],
    [json({ pointer: "/e", exists: false }), "{}", true],
    [json({ pointer: "/e", exists: false }), "not json", false],
    [json({ pointer: "/e", exists: false }), '{"a":', false],
    [json({ pointer: "/code", equals: 0 }), '{"code":0,}', false],
    [json({ pointer: "/code", equals: 0 }), '{"code":1,"code":0}', true],
    [json({ pointer: "/a~1b/~0", equals: "x" }), '{"a/b":{"~":"x"}}', true],
    [json({ pointer: "", equals: "OK" }), '"OK"', true],
    [json({ pointer: "/n", gte: 1, lt: 5 }), '{"n":4.999}', true],
    [json({ pointer: "/n", gte: 1, lt: 5 }), '{"n":5}', false],
    [json({ pointer: "/n", lt: 1 }), '{"n":"0"}', false],
    [
      json([
        { pointer: "/a", equals: 1 },
        { pointer: "/b", equals: 2 },
      ]),
      '{"a":1,"b":2}',
      true,
    ],
    [
      json([
        { pointer: "/a", equals: 1 },
        { pointer: "/b", equals: 2 },
      ]),
      '{"a":1,"b":3}',
      false,
    ],
    [json({ pointer: "/id", equals: "{data.id}" }), '{"id":"123"}', true],
    [json({ pointer: "/id", equals: "{data.id}" }), '{"id":123}', true],
    [json({ pointer: "/id", equals: "{data.none}" }), '{"id":""}', false],
  ])("%j on %s: %s", (when, body, expected) => {
    expect(holds(when, answer(body))).toBe(expected);
  });

  test.each<[VerdictRule["when"]["status"], number, boolean]>([
    [200, 200, true],
    ["2xx", 299, true],
    ["2xx", 300, false],
    [[403, "5xx"], 403, true],
    [[403, "5xx"], 599, true],
    [[403, "5xx"], 404, false],
  ])("status %j on %s: %s", (status, given, expected) => {
    expect(holds({ status: status! }, answer("", { status: given }))).toBe(expected);
  });
});

describe("a verdict", () => {
  const cases: readonly [VerdictRule["then"], object][] = [
    ["delivered", { kind: "accepted", reason: "accepted_by_rule" }],
    ["duplicate", { kind: "accepted", reason: "duplicate" }],
    [
      "retry",
      { kind: "retryable", reason: "not_accepted", error: "not_accepted: status 200, verdicts[0] (why)" },
    ],
    [
      "slow",
      {
        kind: "client_error",
        reason: "rejected_by_rule",
        error: "rejected_by_rule: status 200, verdicts[0] (why)",
      },
    ],
    [
      "dead",
      { kind: "refused", reason: "refused_by_rule", error: "refused_by_rule: status 200, verdicts[0] (why)" },
    ],
    [
      "pause",
      {
        kind: "gone",
        error: "paused_by_rule: status 200, verdicts[0] (why)",
        note: "The answer matched verdicts[0] (why): paused until an operator resumes it.",
      },
    ],
  ];
  test.each(cases)("%s of a rule names the rule and its note, and nothing of the answer", (then, verdict) => {
    const found = judged([{ when: { contains: "secret" }, then, note: "why" }], answer("secret-token"));
    expect(found.verdict).toEqual(verdict);
    expect(verdictWord(found)).toBe(then);
  });

  test("is that of the first rule that matches", () => {
    const rules: VerdictRule[] = [
      { when: { contains: "b" }, then: "dead" },
      { when: { contains: "a" }, then: "delivered" },
      { when: { status: 200 }, then: "retry" },
    ];
    expect(judged(rules, answer("ab")).rule?.index).toBe(0);
    expect(judged(rules, answer("a")).rule?.index).toBe(1);
    expect(judged(rules, answer("c")).rule?.index).toBe(2);
  });

  test("is unknown for a 2xx that no rule knows, if one of them says delivered", () => {
    const rules: VerdictRule[] = [{ when: { equals: "ok" }, then: "delivered" }];
    expect(judged(rules, answer("whatever")).verdict).toEqual({
      kind: "retryable",
      reason: "verdict_unknown",
      error: "verdict_unknown: status 200, and no rule of verdicts matched the answer",
    });
    expect(judged(rules, answer("", { status: 503 })).verdict).toEqual({
      kind: "retryable",
      error: "status 503",
    });
    expect(judged(rules, answer("", { status: 404 })).verdict).toMatchObject({
      kind: "client_error",
      reason: "rejected",
    });
  });

  test("is the status's if no rule says delivered and none matches", () => {
    expect(judged([{ when: { equals: "no" }, then: "dead" }], answer("ok")).verdict).toEqual({
      kind: "accepted",
    });
  });

  test("is the transport's if there is no answer", () => {
    const failure = { class: "connect", message: "refused" };
    const found = judged(
      [{ when: { status: "2xx" }, then: "delivered" }],
      answer("", { status: null, failure }),
    );
    expect(found.verdict).toEqual({ kind: "retryable", error: "connect: refused" });
  });

  const failure = { class: "reset", message: "the partner closed the connection" };
  test.each([
    ["went on past the cap", { truncated: true }],
    ["broke off", { failure }],
  ])("is unknown if the body %s and a rule asks it", (_, how) => {
    const rules: VerdictRule[] = [
      { when: { status: 403 }, then: "dead" },
      { when: { status: 400, contains: "never" }, then: "dead" },
      { when: { json: { pointer: "/code", equals: 0 } }, then: "delivered" },
    ];
    expect(judged(rules, answer('{"code":0}', how)).verdict).toMatchObject({
      kind: "retryable",
      reason: "verdict_unknown",
    });
    expect(judged(rules, answer("", { ...how, status: 403 })).rule?.then).toBe("dead");
    expect(judged(rules.slice(0, 2), answer("x", { ...how, status: 503 })).verdict).toMatchObject({
      kind: "retryable",
      error: "status 503",
    });
  });
});

describe("a wait", () => {
  const rule = (wait: VerdictRule["wait"]): VerdictRule => ({ when: { status: 429 }, then: "retry", wait });
  const asked = (wait: VerdictRule["wait"], body: string, more: Partial<AnswerFacts> = {}) =>
    judged([rule(wait)], answer(body, { status: 429, ...more })).retryAfter;

  test.each<[string, string | null]>([
    ['{"parameters":{"retry_after":35}}', "35"],
    ['{"parameters":{"retry_after":"35"}}', "35"],
    ['{"parameters":{"retry_after":1.5e3}}', "1500"],
    ['{"parameters":{"retry_after":"Wed, 04 Mar 2026 11:00:00 GMT"}}', "Wed, 04 Mar 2026 11:00:00 GMT"],
    ['{"parameters":{"retry_after":-5}}', null],
    ['{"parameters":{"retry_after":1e999}}', null],
    ['{"parameters":{"retry_after":"soon"}}', null],
    ['{"parameters":{"retry_after":true}}', null],
    ['{"parameters":{}}', null],
    ["not json", null],
  ])("of %s is %s", (body, expected) => {
    expect(asked({ pointer: "/parameters/retry_after" }, body)).toBe(expected);
  });

  test("is that of Retry-After if the rule's place has none", () => {
    expect(asked({ pointer: "/wait" }, "{}", { retryAfter: "7" })).toBe("7");
    expect(asked({ pointer: "/wait" }, '{"wait":3}', { retryAfter: "7" })).toBe("3");
    expect(asked({ header: "Retry-After" }, "", { retryAfter: "7" })).toBe("7");
  });

  test("may be in another header", () => {
    expect(
      asked({ header: "X-RateLimit-Reset-After" }, "", { answerHeaders: { "x-ratelimit-reset-after": "2" } }),
    ).toBe("2");
  });
});
