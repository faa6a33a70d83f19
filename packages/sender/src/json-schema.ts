/**
 * A catalogue as JSON Schema. Apart from the rest of the package, because this alone loads zod.
 *
 * @packageDocumentation
 */
import { type JSONSchema, toJSONSchema } from "zod/v4/core";
import type { Catalogue } from "./catalogue.ts";
import { SenderError } from "./errors.ts";

/** JSON Schema, draft 2020-12. */
export type JsonSchema = JSONSchema.BaseSchema;

/**
 * JSON Schema of the `data` of every event type and version, as it goes over the wire: for partners' documentation,
 * or a check in another language.
 *
 * @throws SenderError `invalid_options` for a schema that JSON Schema cannot say, such as a date or a transform
 * @see https://json-schema.org/draft/2020-12
 * @example
 * ```ts
 * catalogueJsonSchema(catalogue)["conversion.approved"]?.[1]; // { $schema, type: "object", properties, … }
 * ```
 */
export function catalogueJsonSchema(catalogue: Catalogue): Record<string, Record<number, JsonSchema>> {
  return mapValues(catalogue, (versions, type) =>
    mapValues(versions, (schema, version) => {
      try {
        return toJSONSchema(schema, { target: "draft-2020-12", io: "output" });
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const message = `The schema of "${type}" version ${version} cannot be written as JSON Schema: ${why}.`;
        throw new SenderError("invalid_options", { option: "catalogue" }, message, { cause });
      }
    }),
  );
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  change: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
