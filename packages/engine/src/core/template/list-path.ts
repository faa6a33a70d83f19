import type { Report } from "./issue.ts";
import { type MacroSource, parsePath } from "./parse-macro.ts";

/** A path of event data, parsed. Null after a report. */
export function readPath(path: string, report: Report): MacroSource | null {
  const parsed = parsePath(path);
  if ("path" in parsed) return parsed.path;
  const { code, position, message } = parsed.failure;
  report(code, position, message);
  return null;
}

/**
 * The names and indexes after `data` in the path of a list, or null: then the report says what is wrong with it.
 *
 * @example readListPath("data.order.items", report) // ["order", "items"]
 */
export function readListPath(path: string, report: Report): readonly string[] | null {
  const parsed = readPath(path, report);
  if (parsed === null) return null;
  const { name, root, segments, modifier } = parsed;
  if (root === "data" && segments.length > 0 && modifier === null) return segments;
  // `{item}` would be an item of a list that is not known yet.
  const message = "Write the path of a list in the event's data, such as data.items, and nothing else.";
  report("invalid_macro", root === "data" ? name.length : 0, message);
  return null;
}
