import { pathText, wrongPlaces } from "@postrider/contract";
import { type ErrorCode, type Issue, issueText, PostriderError } from "@postrider/engine";
import type { z } from "zod";

/** Issues that one answer lists; the last entry says how many more there are. */
const mostIssues = 100;
/** Letters of a path that are shown: a key can be as long as the body. */
const longestPath = 200;

/**
 * The value, checked by a schema.
 *
 * @throws PostriderError of the given code, with one issue per wrong place
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
  code: ErrorCode = "invalid_request",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refusedFor(issuesOf(result.error, schema), what, code);
}

/** The error for what is wrong in a part of a request. */
export function refusedFor(
  issues: readonly Issue[],
  what: string,
  code: ErrorCode = "invalid_request",
): PostriderError {
  const more =
    issues.length > 1 ? `, and ${issues.length > mostIssues ? "many" : issues.length - 1} more` : "";
  return new PostriderError(code, notValid(what, `${wordsOf(issues)}${more}`), { issues });
}

/**
 * The sentence for what is wrong, with one mark at its end.
 *
 * @example notValid("event big-1", wordsOf([{ path: "", message: "is too large" }])) // "The event big-1 is not valid: it is too large."
 */
export function notValid(what: string, words: string): string {
  return `The ${what} is not valid: ${words}${words.endsWith("?") ? "" : "."}`;
}

/** The first issue in one line. What is wrong with the whole names no place. */
export function wordsOf([first]: readonly Issue[]): string {
  if (first === undefined) return "unknown";
  return first.path === "" && /^(is|must|has) /.test(first.message)
    ? `it ${first.message}`
    : issueText(first);
}

/**
 * Zod's issues in the words of the API: dotted paths, and for an unknown key, of the first ten, the nearest known one.
 * At most 100; one more entry says how many are not listed.
 */
function issuesOf(error: z.ZodError, schema: z.ZodType): Issue[] {
  const places = wrongPlaces(error, schema, mostIssues);
  const issues = places.listed.map(({ path, message }): Issue => ({ path: shownPath(path), message }));
  return withMore(issues, places.more);
}

/** The issues, and an entry that says how many more there are. */
export function withMore(issues: Issue[], more: number): Issue[] {
  if (more > 0) issues.push({ path: "", message: `and ${more} more, which are not listed` });
  return issues;
}

/** A path as the API writes it, cut if it is long. */
export function shownPath(path: readonly PropertyKey[]): string {
  const text = pathText(path);
  return text.length > longestPath ? `${text.slice(0, longestPath).toWellFormed()}…` : text;
}
