import { z } from "zod";
import { durationPattern } from "../duration.ts";
import { unwrapped } from "./complete.ts";
import { isObject } from "../is-object.ts";

/** A duration in a document, and where it stands. */
export interface DurationPlace {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/**
 * All durations of a document, by its schema.
 *
 * @example durationsIn(partnerDocument, { silent_after: "1h" }) // [{ path: ["silent_after"], text: "1h" }]
 */
export function durationsIn(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly PropertyKey[] = [],
): readonly DurationPlace[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject && isObject(value))
    return Object.entries(inner.shape).flatMap(([key, of]) => durationsIn(of, value[key], [...path, key]));
  if (inner instanceof z.ZodArray && Array.isArray(value))
    return value.flatMap((item, index) => durationsIn(inner.element, item, [...path, index]));
  const isDuration =
    inner instanceof z.ZodString && z.globalRegistry.get(inner)?.["pattern"] === durationPattern;
  return isDuration && typeof value === "string" ? [{ path, text: value }] : [];
}
