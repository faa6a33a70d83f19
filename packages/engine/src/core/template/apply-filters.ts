import type { AppliedFilter } from "./filters.ts";
import type { Value } from "./value.ts";

/** The value after the filters of its macro, from left to right. */
export function applyFilters(value: Value, filters: readonly AppliedFilter[]): Value {
  let filtered = value;
  for (const { definition, args } of filters) filtered = definition.apply(filtered, args);
  return filtered;
}
