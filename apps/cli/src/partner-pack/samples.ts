import { serializeEnvelope } from "@postrider/protocol";
import { CliError } from "../exit.ts";
import { sampleOf } from "./json-schema-sample.ts";

/** An event to show a partner. */
export interface SampleEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
}

/** Shown where nobody gave a catalogue or samples. */
export const defaultSample: SampleEvent = {
  type: "conversion.approved",
  schemaVersion: 1,
  data: {
    click_id: "c-8f2a",
    transaction_id: "t-1001",
    payout: "12.50",
    currency: "USD",
    status: "approved",
  },
};

/** Events of a catalogue in JSON Schema: `{ "conversion.approved": { "1": { …schema of data… } } }`. @throws CliError `usage` */
export function fromCatalogue(catalogue: object): SampleEvent[] {
  return Object.entries(catalogue).flatMap(([type, versions]: [string, unknown]) => {
    if (typeof versions !== "object" || versions === null) throw malformed();
    return Object.entries(versions).map(([version, schema]): SampleEvent => {
      if (!/^[1-9]\d{0,8}$/.test(version)) throw malformed();
      return { type, schemaVersion: Number(version), data: sampleOf(schema) };
    });
  });
}

function malformed(): CliError {
  return new CliError(
    "usage",
    "The catalogue must hold event types, each with versions from 1, each with a JSON Schema.",
    {
      hint: 'Write what catalogueJsonSchema(catalogue) of the sender SDK answers: {"conversion.approved": {"1": {…}}}.',
    },
  );
}

/** An event document (`type`, `schema_version`, `data`), as `postrider send` takes them. @throws CliError `usage` */
export function fromEvent(document: object): SampleEvent {
  const { type, schema_version: version = 1, data = {} } = document as Record<string, unknown>;
  if (typeof type !== "string" || !Number.isSafeInteger(version) || Number(version) < 1)
    throw new CliError("usage", "A sample needs a type, and a schema_version from 1 if it has one.", {
      hint: '{"type": "conversion.approved", "schema_version": 1, "data": {…}}',
    });
  return { type, schemaVersion: Number(version), data };
}

/** Whether an endpoint's patterns take the type: exact, `prefix.*` or `*`. */
export function isSubscribed(patterns: readonly string[], type: string): boolean {
  return patterns.some(
    (pattern) =>
      pattern === "*" ||
      pattern === type ||
      (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1))),
  );
}

/** The name of its file in the pack; event types are free text, so only harmless letters stay. */
export function sampleFile({ type, schemaVersion }: SampleEvent): string {
  return `samples/${type
    .replaceAll(/[^\w.-]/g, "_")
    .replace(/^\.+/, "_")
    .slice(0, 100)}.v${schemaVersion}.json`;
}

/** The default body of a postback for it. */
export function sampleBody({ type, schemaVersion, data }: SampleEvent): string {
  return serializeEnvelope({
    eventId: "sample-1001",
    type,
    occurredAt: "2026-01-31T10:00:00Z",
    schemaVersion,
    dataText: JSON.stringify(data),
  });
}
