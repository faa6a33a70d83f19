/** What a partner's answer means, where its status alone does not say it. */
import { z } from "zod";
import { isRawNumber, type RawNumber } from "../exact-json.ts";
import { whole } from "./forms.ts";
import type { ReadonlyDeep } from "./readonly-deep.ts";

/** What a rule can make of an answer. */
export const ruleVerdicts = ["delivered", "duplicate", "retry", "slow", "dead", "pause"] as const;
/** See {@link ruleVerdicts}. */
export type RuleVerdict = (typeof ruleVerdicts)[number];

/** Rules of one endpoint. */
export const mostRules = 50;
const mostTests = 20;
const longestText = 1_000;

const text = z
  .string({ error: "must be a text, which may hold macros" })
  .max(longestText, `must have at most ${longestText} characters`);

const pointer = z
  .string({ error: "must be a JSON Pointer such as /code" })
  .max(longestText, `must have at most ${longestText} characters`)
  .describe("Where the value stands: a JSON Pointer (RFC 6901) such as /code or /errors/0/reason.");

const status = z.union([whole(100, 599), z.string().regex(/^[1-5]xx$/)], {
  error: "must be a status from 100 to 599, or a class such as 2xx",
});

/** A value that an answer is compared with. In a stored document a number may be kept as its text. */
export type ExpectedValue = string | number | boolean | null | RawNumber;

// Custom checks hand the value on as it is: a number may be kept as its text, which zod's own would not take.
const isNumber = (value: unknown): value is number | RawNumber =>
  typeof value === "number" || isRawNumber(value);

const expected = z
  .custom<ExpectedValue>(
    (value) =>
      value === null ||
      typeof value === "boolean" ||
      isNumber(value) ||
      (typeof value === "string" && value.length <= longestText),
    { error: `must be a text of at most ${longestText} characters, a number, true, false or null` },
  )
  .meta({
    anyOf: [
      { type: "string", maxLength: longestText },
      { type: "number" },
      { type: "boolean" },
      { type: "null" },
    ],
  });

const bound = z.custom<number | RawNumber>(isNumber, { error: "must be a number" }).meta({ type: "number" });

/** A test of one value of a JSON answer. All its keys must hold. */
export const jsonTest = z
  .strictObject(
    {
      pointer,
      equals: expected
        .optional()
        .describe("It is this value. Numbers compare by value, with all digits; texts may hold macros."),
      in: z
        .array(expected, { error: "must be a list of values" })
        .min(1, "must have at least one value")
        .max(100, "must have at most 100 values")
        .optional()
        .describe("It is one of these values."),
      exists: z
        .boolean({ error: "must be true or false" })
        .optional()
        .describe("true: there is a value, and it is not null. false: there is none, or null."),
      gt: bound.optional().describe("It is a number above this one."),
      gte: bound.optional().describe("It is this number, or one above."),
      lt: bound.optional().describe("It is a number below this one."),
      lte: bound.optional().describe("It is this number, or one below."),
    },
    { error: "must be an object with a pointer and what is expected there" },
  )
  .refine(
    ({ pointer: _pointer, ...tests }) => Object.values(tests).some((test) => test !== undefined),
    "must have at least one of equals, in, exists, gt, gte, lt and lte",
  )
  .meta({ id: "JsonTest" });

/** What an answer must be like. All keys must hold. */
export const answerTest = z
  .strictObject(
    {
      status: z
        .union(
          [
            status,
            z
              .array(status)
              .min(1, "must name at least one status")
              .max(mostTests, `must have at most ${mostTests} entries`),
          ],
          { error: "must be a status such as 200, a class such as 2xx, or a list of these" },
        )
        .optional()
        .describe("The status: 200, a class such as 2xx, or a list of these."),
      equals: text
        .optional()
        .describe("The body is this text. White space around both does not count, the case of letters does."),
      contains: text.min(1, "must not be empty").optional().describe("The body has this text in it."),
      starts: text
        .min(1, "must not be empty")
        .optional()
        .describe("The body begins with this text, white space before it aside."),
      json: z
        .union(
          [
            jsonTest,
            z
              .array(jsonTest)
              .min(1, "must have at least one test")
              .max(mostTests, `must have at most ${mostTests} tests`),
          ],
          { error: "must be a test of a JSON value, or a list of these" },
        )
        .optional()
        .describe("The body is JSON, and its values are like this; of a list, all must hold."),
    },
    { error: "must be an object" },
  )
  .refine(
    (tests) => Object.values(tests).some((test) => test !== undefined),
    "must have at least one of status, equals, contains, starts and json: else it is true of each answer",
  )
  .meta({ id: "AnswerTest" });

/** Where an answer says how long to wait. */
const ruleWait = z
  .union(
    [
      z.strictObject({ pointer }),
      z.strictObject({
        header: z
          .string({ error: "must be the name of a header" })
          .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "must be the name of a header"),
      }),
    ],
    { error: "must be an object with a pointer or a header" },
  )
  .meta({ id: "RuleWait" });

/** One rule. */
export const verdictRule = z
  .strictObject(
    {
      when: answerTest.describe("What the answer is like; all its keys must hold."),
      then: z
        .enum(ruleVerdicts, { error: `must be one of ${ruleVerdicts.join(", ")}` })
        .describe(
          "delivered, duplicate: it has arrived. retry: after `schedule`. slow: after `client_error_schedule`. dead: never again. pause: the endpoint is paused.",
        ),
      wait: ruleWait
        .optional()
        .describe(
          "With retry and slow: where the answer says how long to wait, in seconds or as Retry-After.",
        ),
      note: z
        .string({ error: "must be a text" })
        .min(1, "must not be empty")
        .max(200, "must have at most 200 characters")
        .optional()
        .describe("For operators: shown with each delivery that the rule decides, unless it is delivered."),
    },
    { error: "must be an object with when and then" },
  )
  .refine(({ then, wait }) => wait === undefined || then === "retry" || then === "slow", {
    message: "goes with retry and slow only",
    path: ["wait"],
  })
  .meta({ id: "VerdictRule" });

/** The rules of an endpoint, in their order: the first that matches decides. */
export const verdictRules = z
  .array(verdictRule, { error: "must be a list of rules" })
  .max(mostRules, `must have at most ${mostRules} rules`);

/** See {@link jsonTest}. */
export type JsonTest = ReadonlyDeep<z.output<typeof jsonTest>>;
/** See {@link verdictRule}. */
export type VerdictRule = ReadonlyDeep<z.output<typeof verdictRule>>;
