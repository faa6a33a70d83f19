import { z } from "zod";
import { isObject } from "../is-object.ts";

type Json = Record<string, unknown>;

/**
 * A copy of `document` in which each key that it lacks has its default, in the objects within it too. Nothing is checked, and
 * unknown keys stay: the document was stored.
 */
export function completed(schema: z.ZodObject, document: object): Json {
  const complete: Json = { ...document };
  for (const [key, of] of Object.entries(schema.shape)) {
    const value = complete[key];
    if (value === undefined) {
      const missing = z.safeParse(of, undefined);
      if (missing.success && missing.data !== undefined) complete[key] = missing.data;
    } else if (isObject(value)) {
      const within = unwrapped(of);
      if (within instanceof z.ZodObject) complete[key] = completed(within, value);
    }
  }
  return complete;
}

/** A schema without what says that its value may be missing or null. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional
  )
    return unwrapped(schema.unwrap());
  return schema;
}
