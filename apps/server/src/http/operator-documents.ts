/** The documents that operators write, with their defaults and limits. `PUT` replaces: a missing key means its default. */
import {
  type EndpointDocument,
  endpointDefaults,
  type JsonArray,
  type JsonObject,
  type PartnerDocument,
  partnerDefaults,
  readDurationMs,
} from "@postrider/engine";
import { z } from "zod";

const number = (min: number, max: number) =>
  z
    .number({ error: `must be a number from ${min} to ${max}` })
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);
const whole = (min: number, max: number) =>
  z
    .int({ error: `must be a whole number from ${min} to ${max}` })
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);

/** A number and a unit, however large. */
const durationForm = /^\d+(\.\d{1,3})?(ms|s|m|h|d)$/;

/** A duration text within bounds (milliseconds). */
export const durationText = (minMs: number, maxMs: number, bounds: string) =>
  z
    .string({ error: "must be a duration text with a unit, such as 250ms, 5s or 2h" })
    .superRefine((text, context) => {
      const ms = readDurationMs(text);
      if (ms !== null && ms >= minMs && ms <= maxMs) return;
      const message = durationForm.test(text)
        ? `must be ${bounds}`
        : "must be a duration with a unit: 250ms, 5s, 10m, 2h, 3d, with at most 3 digits after the point";
      context.addIssue({ code: "custom", message });
    })
    .meta({ pattern: "^\\d{1,11}(\\.\\d{1,3})?(ms|s|m|h|d)$" });

const yearMs = 365 * 86_400_000;
const wait = durationText(0, yearMs, "at most 365d");
const ladder = z
  .array(wait, { error: "must be a list of durations" })
  .max(50, "must have at most 50 entries");

/** A partner, as an operator writes it. */
export const partnerDocument = z
  .strictObject(
    {
      name: z
        .string({ error: "must be a text" })
        .trim()
        .min(1, "must not be empty")
        .max(200, "must have at most 200 characters"),
      rate_per_second: number(0.01, 100_000)
        .nullable()
        .default(partnerDefaults.rate_per_second)
        .describe("Requests per second over all workers; null for no limit."),
      burst: whole(1, 100_000)
        .nullable()
        .default(partnerDefaults.burst)
        .describe("Requests that may go at once after a quiet time; null: the rate, rounded up."),
      max_in_flight: whole(1, 1_000)
        .default(partnerDefaults.max_in_flight)
        .describe("Requests in flight at most."),
      silent_after: durationText(60_000, yearMs, "from 1m to 365d")
        .nullable()
        .default(partnerDefaults.silent_after)
        .describe("Operators are told where nothing was delivered for so long; null: never."),
      max_backlog: whole(1, 100_000_000)
        .nullable()
        .default(partnerDefaults.max_backlog)
        .describe(
          "Waiting deliveries at which events addressed to this partner are refused; null: no ceiling. Events that go to many never are.",
        ),
    },
    { error: "must be an object" },
  )
  .meta({ id: "PartnerDocument" }) satisfies z.ZodType<PartnerDocument>;

const { retry, breaker, ...plain } = endpointDefaults;

const orderDocument = z
  .strictObject(
    {
      max_hold: durationText(1_000, 30 * 86_400_000, "from 1s to 30d")
        .default("1h")
        .describe("The longest that a delivery waits for those of its order_key before it."),
    },
    { error: "must be an object such as {}, or null" },
  )
  .meta({ id: "OrderDocument" });

const retryDocument = z
  .strictObject(
    {
      schedule: ladder
        .default([...retry.schedule])
        .describe("The waits between attempts: n entries are n retries, then the delivery is dead."),
      client_error_schedule: ladder
        .default([...retry.client_error_schedule])
        .describe("The waits after 4xx answers that are usually somebody's mistake."),
      jitter: z
        .enum(["full", "equal", "none"], { error: "must be full, equal or none" })
        .default(retry.jitter)
        .describe("How waits are spread. For client_error_schedule, full means equal."),
      expires_after: durationText(1, yearMs, "from 1ms to 365d").default(retry.expires_after),
      retry_after_max: wait
        .default(retry.retry_after_max)
        .describe("The longest wait a partner may ask for by Retry-After."),
    },
    { error: "must be an object" },
  )
  .meta({ id: "RetryDocument" });

const breakerDocument = z
  .strictObject(
    {
      consecutive_failures: whole(1, 10_000)
        .default(breaker.consecutive_failures)
        .describe("Failures in a row that open the circuit."),
      failure_ratio: number(0.01, 1)
        .default(breaker.failure_ratio)
        .describe("The part of a window's requests that opens it where it failed."),
      window: durationText(1_000, 3_600_000, "from 1s to 1h").default(breaker.window),
      minimum: whole(1, 100_000)
        .default(breaker.minimum)
        .describe("Requests of a window before its ratio counts."),
      first_wait: durationText(10, 3_600_000, "from 10ms to 1h")
        .default(breaker.first_wait)
        .describe("The wait before the first probe; each that fails doubles it."),
      longest_wait: durationText(10, 86_400_000, "from 10ms to 1d").default(breaker.longest_wait),
    },
    { error: "must be an object or null" },
  )
  .meta({ id: "BreakerDocument" });

const pattern = z
  .string({ error: "must be an event type, prefix.* or *" })
  .max(100, "must have at most 100 characters")
  .regex(
    /^(\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?)$/,
    "must be an event type such as conversion.approved, a prefix such as conversion.*, or *",
  );

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Each key is looked at, __proto__ too. */
const headers = z
  .custom<Record<string, string>>(isObject, { error: "must be an object of header names and values" })
  .superRefine((given, context) => {
    const entries = Object.entries(given);
    if (entries.length > 50) context.addIssue({ code: "custom", message: "must have at most 50 entries" });
    for (const [name, value] of entries.slice(0, 50)) {
      const message = headerFault(name, value);
      if (message !== null) context.addIssue({ code: "custom", path: [name], message });
    }
  })
  .meta({ type: "object", additionalProperties: { type: "string", maxLength: 4_000 }, maxProperties: 50 });

function headerFault(name: string, value: unknown): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name)) return "must be a header name";
  if (typeof value !== "string") return "must be a text";
  return value.length > 4_000 ? "must have at most 4000 characters" : null;
}

// Custom checks hand the document on as it is: zod's records drop the key __proto__, and rebuild raw numbers.
const body = z
  .union(
    [
      z.enum(["envelope", "form", "none"]),
      z.custom<JsonObject>(isObject).meta({ type: "object" }),
      z.custom<JsonArray>(Array.isArray).meta({ type: "array", items: {} }),
    ],
    { error: "must be envelope, form, none, or a JSON object or list" },
  )
  .describe(
    "envelope (default, but none for GET), form, none, or a JSON document whose leaves may be macros.",
  );

/** An endpoint, as an operator writes it. Macros are compiled by the engine, which points at each wrong character. */
export const endpointDocument = z
  .strictObject(
    {
      url: z
        .string({ error: "must be a URL, which may hold macros" })
        .min(1, "must not be empty")
        .max(8_000, "must have at most 8000 characters"),
      method: z.enum(["GET", "POST", "PUT"], { error: "must be GET, POST or PUT" }).default(plain.method),
      events: z
        .array(pattern, { error: "must be a list of event types" })
        .min(1, "must name at least one event type, or *")
        .max(100, "must have at most 100 entries")
        .default([...plain.events]),
      headers: headers.default(plain.headers),
      body: body.optional(),
      retry: retryDocument.prefault({}),
      timeout: durationText(10, 120_000, "from 10ms to 2m")
        .default(plain.timeout)
        .describe("One deadline over the whole exchange."),
      enabled: z
        .boolean({ error: "must be true or false" })
        .default(plain.enabled)
        .describe("False: the backlog is kept and nothing is sent."),
      signing: z
        .array(z.enum(["v1", "v1a"], { error: "must be v1 or v1a" }), {
          error: "must be a list of v1 and v1a",
        })
        .refine((schemes) => new Set(schemes).size === schemes.length, "must name each scheme once")
        .default([...plain.signing]),
      order: orderDocument
        .nullable()
        .default(plain.order)
        .describe(
          "Deliveries with the same order_key go one after the other, as they were accepted; null: in no order.",
        ),
      breaker: breakerDocument
        .nullable()
        .prefault({})
        .describe("When the endpoint is left alone for a while because it fails; null: never."),
      disable_after: durationText(1_000, yearMs, "from 1s to 365d")
        .nullable()
        .default(plain.disable_after)
        .describe("The endpoint is paused after failing for so long without a success; null: never."),
    },
    { error: "must be an object" },
  )
  .meta({ id: "EndpointDocument" });

/** The document with every default filled in, as it is stored. */
export function completeEndpoint(document: z.output<typeof endpointDocument>): EndpointDocument {
  return { ...document, body: document.body ?? (document.method === "GET" ? "none" : "envelope") };
}

/** Checked by the engine, which never repeats it in an error. */
const signingSecret = z
  .string({ error: "must be a text such as whsec_…" })
  .max(200, "must have at most 200 characters");

/** What PUT of a partner takes: the document, and for a new partner a secret. */
export const partnerRequest = z
  .strictObject(
    {
      ...partnerDocument.shape,
      signing_secret: signingSecret
        .optional()
        .describe(
          "Only if the partner does not exist yet: a secret to sign with, instead of a new one. Never shown again.",
        ),
    },
    { error: "must be an object" },
  )
  .meta({ id: "PartnerRequest" });

/** What `rotate-secret` takes. */
export const rotateRequest = z
  .strictObject(
    {
      overlap: durationText(0, 30 * 86_400_000, "at most 30d")
        .default("24h")
        .describe("How long the older keys go on signing."),
      scheme: z.enum(["v1", "v1a"], { error: "must be v1 or v1a" }).default("v1"),
      signing_secret: signingSecret
        .optional()
        .describe(
          "A secret to sign with from now on, instead of a new one: whsec_ and base64, or whsk_ for v1a. Never shown again.",
        ),
    },
    { error: "must be an object" },
  )
  .prefault({})
  .meta({ id: "RotateRequest" });
