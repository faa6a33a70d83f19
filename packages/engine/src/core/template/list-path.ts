import type { Report } from "./issue.ts";
import { parseMacro } from "./parse-macro.ts";

/**
 * The names and indexes after `data` in the path of a list, or null: then the report says what is wrong with it.
 *
 * @example readListPath("data.order.items", report) // ["order", "items"]
 */
export function readListPath(path: string, report: Report): readonly string[] | null {
  const parsed = parseMacro(`{${path}}`, 0);
  const message = `Write the path of a list in the event's data, such as data.items, without braces and filters.`;
  if ("failure" in parsed) {
    report("invalid_macro", Math.max(0, parsed.failure.position - 1), message);
    return null;
  }
  const { macro, end } = parsed;
  if (macro.root === "data" && macro.segments.length > 0 && macro.name === path && end === path.length + 2)
    return macro.segments;
  report("invalid_macro", macro.root === "data" ? macro.name.length : 0, message);
  return null;
}
