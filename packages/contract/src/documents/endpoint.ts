import { z } from "zod";
import type { JsonArray, JsonObject } from "../exact-json.ts";
import { isObject } from "../is-object.ts";
import { flags } from "./flags.ts";
import {
  durationText,
  eventPattern,
  headers,
  ladder,
  number,
  signatureScheme,
  wait,
  whole,
  yearMs,
} from "./forms.ts";
import { completed } from "./complete.ts";
import { personalPermits } from "../personal-data.ts";
import { type ParameterGroup, parameterGroups } from "./parameters.ts";
import type { ReadonlyDeep } from "./readonly-deep.ts";
import { type VerdictRule, verdictRules } from "./verdicts.ts";

/** When a delivery is sent again, and for how long. */
export const retryDocument = z
  .strictObject(
    {
      schedule: ladder
        .default(["5s", "1m", "5m", "30m", "2h", "6h", "12h", "24h", "24h"])
        .describe("The waits between attempts: n entries are n retries, then the delivery is dead.")
        .register(flags, {
          form: "commas",
          value: "durations",
          summary: "waits between attempts, e.g. 5s,1m,10m; none for no retries",
        }),
      client_error_schedule: ladder
        .default(["5m", "1h", "6h"])
        .describe("The waits after 4xx answers that are usually somebody's mistake."),
      jitter: z
        .enum(["full", "equal", "none"], { error: "must be full, equal or none" })
        .default("full")
        .describe(
          "How waits are spread. full: random between 0 and the wait; equal: between half and all of it; none: exact. For client_error_schedule, full means equal.",
        )
        .register(flags, { form: "text", value: "jitter", summary: "how waits are spread" }),
      expires_after: durationText(1, yearMs, "from 1ms to 365d")
        .default("80h")
        .describe("From acceptance or replay: a delivery that has not succeeded by then ends as expired.")
        .register(flags, { form: "text", value: "duration", summary: "give up after this long" }),
      retry_after_max: wait.default("24h").describe("The longest wait a partner may ask for by Retry-After."),
    },
    { error: "must be an object" },
  )
  .meta({ id: "RetryDocument" });

/** In what order deliveries with the same `order_key` go. */
export const orderDocument = z
  .strictObject(
    {
      max_hold: durationText(1_000, 30 * 86_400_000, "from 1s to 30d")
        .default("1h")
        .describe(
          "The longest that a delivery waits for those of its order_key before it; then it goes although they still wait.",
        ),
    },
    { error: "must be an object such as {}, or null" },
  )
  .meta({ id: "OrderDocument" });

/** When an endpoint that fails is left alone for a while. */
export const breakerDocument = z
  .strictObject(
    {
      consecutive_failures: whole(1, 10_000).default(10).describe("Failures in a row that open the circuit."),
      failure_ratio: number(0.01, 1)
        .default(0.5)
        .describe("The part of a window's requests that opens the circuit if it failed."),
      window: durationText(1_000, 3_600_000, "from 1s to 1h")
        .default("60s")
        .describe("The time over which the ratio is counted."),
      minimum: whole(1, 100_000).default(20).describe("Requests of a window before its ratio counts."),
      first_wait: durationText(10, 3_600_000, "from 10ms to 1h")
        .default("5s")
        .describe("The wait before the first probe; each that fails doubles it."),
      longest_wait: durationText(10, 86_400_000, "from 10ms to 1d")
        .default("10m")
        .describe("The longest wait between two probes."),
    },
    { error: "must be an object or null" },
  )
  .meta({ id: "BreakerDocument" });

/** The engine reads what is within them. */
const certificates = z
  .string({ error: "must be a text of PEM certificates" })
  .max(65_536, "must have at most 65536 characters")
  .regex(
    /^\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/,
    "must be one or more PEM certificates and nothing else",
  );

// Custom checks hand the document on as it is: zod's records drop the key __proto__, and rebuild raw numbers.
const bodyWords = ["envelope", "form", "none"] as const;
const body = z.union(
  [
    z.enum(bodyWords),
    z
      .string()
      .max(8_000)
      .regex(/^\{[^{][^]*\}$/),
    z.custom<JsonObject>(isObject).meta({ type: "object" }),
    z.custom<JsonArray>(Array.isArray).meta({ type: "array", items: {} }),
  ],
  { error: "must be envelope, form, none, a JSON object or list, or one macro such as {data}" },
);

/** An endpoint, as an operator writes it. `PUT` replaces: a missing key means its default. */
export const endpointDocument = z
  .strictObject(
    {
      url: z
        .string({ error: "must be a URL, which may hold macros" })
        .min(1, "must not be empty")
        .max(8_000, "must have at most 8000 characters")
        .describe("Where to, with macros after the host."),
      method: z
        .enum(["GET", "POST", "PUT", "PATCH", "DELETE"], { error: "must be GET, POST, PUT, PATCH or DELETE" })
        .default("POST")
        .describe("The method of the request.")
        .register(flags, { form: "text", value: "method", summary: "how" }),
      events: z
        .array(eventPattern, { error: "must be a list of event types" })
        .min(1, "must name at least one event type, or *")
        .max(100, "must have at most 100 entries")
        .default(["*"])
        .describe("Event types: exact, prefix.* or *.")
        .register(flags, {
          name: "event",
          form: "list",
          value: "type",
          summary: "event types: exact, prefix.* or *; several times",
        }),
      headers: headers
        .default({})
        .describe("Headers to send; their values may hold macros.")
        .register(flags, {
          name: "header",
          form: "headers",
          value: "name: value",
          summary: "a header to send; several times, takes the place of those before",
        }),
      body: body
        .optional()
        .describe(
          "envelope (default, but none for GET and DELETE), form, none, a JSON document whose leaves may be macros, or one macro such as {data}.",
        )
        .register(flags, {
          form: { json: bodyWords },
          value: "body",
          summary: "envelope, form, none, a JSON document with macros, or @file",
        }),
      parameters: parameterGroups
        .default([])
        .describe(
          "Parameters after those of the URL: in groups, which can be repeated for each item of a list, or joined.",
        )
        .register(flags, {
          form: { json: [] },
          value: "groups",
          summary: "groups of parameters after those of the URL: a JSON list, or @file",
        }),
      verdicts: verdictRules
        .default([])
        .describe(
          "Rules on the partner's answers, for partners whose status does not say whether they took it: the first that matches decides. With none, the status does.",
        )
        .register(flags, {
          form: { json: [] },
          value: "rules",
          summary: "rules on the partner's answers: a JSON list, or @file",
        }),
      literal: z
        .boolean({ error: "must be true or false" })
        .default(false)
        .describe(
          "True: text that looks like another platform's macro, a placeholder or an HTML entity is sent as it is. False: a document with it is refused when it is stored.",
        )
        .register(flags, {
          form: {
            switches: {
              on: { name: "literal", summary: "send what looks like another platform's macro as it is" },
              off: { name: "noLiteral", summary: "refuse what looks like another platform's macro" },
            },
          },
        }),
      personal_data: z
        .array(z.enum(personalPermits, { error: `must be one of ${personalPermits.join(", ")}` }), {
          error: "must be a list of places and kinds such as url:email",
        })
        .refine((permits) => new Set(permits).size === permits.length, "must name each entry once")
        .default([])
        .describe(
          "Personal data that may leave where it leaks, as place and kind: `url:email`. Places: url, header, plain_http; kinds: email, phone, card, hashed, whole_data. A delivery with any other is not sent.",
        )
        .register(flags, {
          form: "commas",
          value: "permits",
          summary:
            "personal data that may leave in a URL, a header or over plain http, e.g. url:email; or none",
        }),
      retry: retryDocument.prefault({}).describe("When a delivery is sent again, and for how long."),
      timeout: durationText(10, 120_000, "from 10ms to 2m")
        .default("10s")
        .describe("One deadline over the whole exchange.")
        .register(flags, { form: "text", value: "duration" }),
      ca: certificates
        .nullable()
        .default(null)
        .describe(
          "PEM certificates of roots that are trusted for this endpoint, beside all others; null: none of its own.",
        )
        .register(flags, {
          form: "file",
          value: "file",
          nullWord: "none",
          summary: "PEM certificates of roots that are trusted for this endpoint, beside all others; or none",
        }),
      enabled: z
        .boolean({ error: "must be true or false" })
        .default(true)
        .describe("False: the backlog is kept and nothing is sent.")
        .register(flags, {
          form: {
            switches: {
              on: { name: "enable", summary: "send to it" },
              off: { name: "disable", summary: "keep its backlog and send nothing" },
            },
          },
        }),
      signing: z
        .array(signatureScheme, { error: "must be a list of v1 and v1a" })
        .refine((schemes) => new Set(schemes).size === schemes.length, "must name each scheme once")
        .default(["v1"])
        .describe("The signatures of a request: v1 (HMAC-SHA256), v1a (ed25519), both, or none.")
        .register(flags, { form: "commas", value: "schemes", summary: "v1, v1a, both as v1,v1a, or none" }),
      order: orderDocument
        .nullable()
        .default(null)
        .describe(
          "Deliveries with the same order_key go one after the other, as they were accepted; null: in no order.",
        )
        .register(flags, {
          form: { within: "max_hold" },
          value: "hold",
          nullWord: "none",
          summary:
            "send deliveries of the same order_key one after the other; wait this long for one at most; or none",
        }),
      fan_out: z
        .string({ error: "must be the path of a list such as data.items, or null" })
        .min(1, "must not be empty")
        .max(1_000, "must have at most 1000 characters")
        .nullable()
        .default(null)
        .describe(
          "The path of a list in the event, such as data.items: one delivery is made for each of its items, at most 1000; null: one for the event.",
        )
        .register(flags, {
          form: "text",
          value: "path",
          nullWord: "none",
          summary: "one delivery for each item of this list, e.g. data.items; or none",
        }),
      breaker: breakerDocument
        .nullable()
        .prefault({})
        .describe("When the endpoint is left alone for a while because it fails; null: never.")
        .register(flags, { form: "on_off", summary: "leave it alone for a while when it fails" }),
      disable_after: durationText(1_000, yearMs, "from 1s to 365d")
        .nullable()
        .default("5d")
        .describe("The endpoint is paused after failing for so long without a success; null: never.")
        .register(flags, {
          form: "text",
          value: "duration",
          nullWord: "never",
          summary: "pause it after failing for so long; never for not at all",
        }),
    },
    { error: "must be an object" },
  )
  .meta({ id: "EndpointDocument" });

export type RetryDocument = ReadonlyDeep<z.output<typeof retryDocument>>;
export type OrderDocument = ReadonlyDeep<z.output<typeof orderDocument>>;
export type BreakerDocument = ReadonlyDeep<z.output<typeof breakerDocument>>;
/** What the body of a request is made of. */
export type BodyDocument = z.output<typeof body>;

/** An endpoint, complete: each key is there. */
export type EndpointDocument = ReadonlyDeep<
  Omit<z.output<typeof endpointDocument>, "body" | "parameters">
> & {
  readonly body: BodyDocument;
  readonly parameters: readonly ParameterGroup[];
};

/**
 * The document with its defaults: of what an operator wrote, and of what was stored before a key was known.
 *
 * @example completeEndpoint({ url: "https://a.example/" }).timeout // "10s"
 */
export function completeEndpoint(document: { readonly url: string }): EndpointDocument {
  const complete = completed(endpointDocument, document) as Omit<EndpointDocument, "body"> & {
    body?: BodyDocument;
  };
  complete.body ??= complete.method === "GET" || complete.method === "DELETE" ? "none" : "envelope";
  return complete as EndpointDocument;
}

/**
 * The document with the numbers of its JSON texts digit for digit: in its body, in the values of its parameters, and in what
 * its verdict rules expect. Elsewhere numbers are settings, with which code calculates.
 *
 * @param exact the same document, or only these keys, as `parseExactJson` has it
 * @example withExactNumbers(document, parseExactJson(text)).body // { rate: RawNumber "10.50" }
 */
export function withExactNumbers<
  Document extends {
    readonly body?: BodyDocument | undefined;
    readonly parameters: readonly ParameterGroup[];
    readonly verdicts: readonly VerdictRule[];
  },
>(document: Document, exact: { readonly [Key in "body" | "parameters" | "verdicts"]?: unknown }): Document {
  const groups = exact.parameters as readonly Pick<ParameterGroup, "params">[] | undefined;
  const parameters = document.parameters.map((group, index) => ({
    ...group,
    params: groups?.[index]?.params ?? group.params,
  }));
  const verdicts = withExactRules(document.verdicts, exact.verdicts as readonly VerdictRule[] | undefined);
  const body = exact.body === undefined ? {} : { body: exact.body as BodyDocument };
  return { ...document, ...body, parameters, verdicts };
}

/**
 * Verdict rules with the numbers that they expect digit for digit.
 *
 * @param exact the same rules as `parseExactJson` has them
 */
export function withExactRules<Rule extends VerdictRule>(
  rules: readonly Rule[],
  exact: readonly VerdictRule[] | undefined,
): readonly Rule[] {
  return rules.map((rule, index) => {
    const json = exact?.[index]?.when.json;
    return json === undefined ? rule : { ...rule, when: { ...rule.when, json } };
  });
}

const { url: _, body: __, ...defaults } = completeEndpoint({ url: "" });

/** What an endpoint has if its document names only the URL. The body follows from the method. */
export const endpointDefaults: Omit<EndpointDocument, "url" | "body"> = defaults;
