import { z } from "zod";
import type { JsonValue } from "../exact-json.ts";
import { isObject } from "../is-object.ts";
import { whole } from "./forms.ts";

/** The value of a parameter: a text with macros, or `{"$json": …}`, which is sent as JSON text. */
export type ParameterValue = string | { readonly $json: JsonValue };

/**
 * Parameters that follow those of the URL. Without `each` they are sent once, with it once per item of that list; with
 * `join` each is sent once, with the items' values joined. `from` is the number of the first item, 1 if it is not given.
 */
export interface ParameterGroup {
  readonly each?: string | undefined;
  readonly from?: number | undefined;
  readonly join?: string | undefined;
  readonly params: Readonly<Record<string, ParameterValue>>;
}

const mostParams = 100;
const longestName = 200;
const longestValue = 8_000;

function nameFault(name: string): string | null {
  if (name === "") return "must have a name";
  return name.length > longestName ? `must have a name of at most ${longestName} characters` : null;
}

function valueFault(value: unknown): string | null {
  if (typeof value === "string") {
    return value.length > longestValue ? `must have at most ${longestValue} characters` : null;
  }
  const isNode = isObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, "$json");
  return isNode ? null : 'must be a text, which may hold macros, or {"$json": …}';
}

/** Names and values. Each key is looked at, `__proto__` too: zod's records drop it. Numbers keep their digits. */
const params = z
  .custom<Readonly<Record<string, ParameterValue>>>(isObject, {
    error: "must be an object of names and values",
  })
  .superRefine((given, context) => {
    const entries = Object.entries(given);
    if (entries.length === 0) context.addIssue({ code: "custom", message: "must have at least one entry" });
    if (entries.length > mostParams) {
      context.addIssue({ code: "custom", message: `must have at most ${mostParams} entries` });
    }
    for (const [name, value] of entries.slice(0, mostParams)) {
      const message = nameFault(name) ?? valueFault(value);
      if (message !== null) context.addIssue({ code: "custom", path: [name], message });
    }
  })
  .meta({
    type: "object",
    minProperties: 1,
    maxProperties: mostParams,
    additionalProperties: {
      anyOf: [
        { type: "string", maxLength: longestValue },
        { type: "object", properties: { $json: {} }, required: ["$json"], additionalProperties: false },
      ],
    },
  });

const parameterGroup = z
  .strictObject(
    {
      each: z
        .string({ error: "must be the path of a list, such as data.items" })
        .min(1, "must not be empty")
        .max(1_000, "must have at most 1000 characters")
        .optional()
        .describe("The path of a list in the event: the parameters are sent once per item."),
      from: whole(0, 1_000_000)
        .optional()
        .describe("The number `{n}` of the first item; 1 if it is not given."),
      join: z
        .string({ error: "must be a text" })
        .min(1, "must not be empty")
        .max(10, "must have at most 10 characters")
        .optional()
        .describe("Each parameter is sent once, with the values of all items and this between them."),
      params: params.describe("Names, which may hold `{n}`, and values."),
    },
    { error: "must be an object with params" },
  )
  .superRefine(({ each, from, join }, context) => {
    const needsEach = "needs each, the path of a list";
    if (each !== undefined) return;
    if (from !== undefined) context.addIssue({ code: "custom", path: ["from"], message: needsEach });
    if (join !== undefined) context.addIssue({ code: "custom", path: ["join"], message: needsEach });
  });

/** The groups of an endpoint, in the order in which they are sent. */
export const parameterGroups = z
  .array(parameterGroup, { error: 'must be a list of groups such as {"params": {…}}' })
  .max(20, "must have at most 20 entries");
