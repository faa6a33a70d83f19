import { pathText, unwrapped } from "@postrider/contract";
import { type ErrorCode, type Issue, issueText, nearestName, PostriderError } from "@postrider/engine";
import { z } from "zod";

/** Letters of an unknown name that is still compared with the known ones. */
const longestName = 60;
/** Issues that one answer lists; the last entry says how many more there are. */
const mostIssues = 100;
/** Letters of a path that are shown: a key can be as long as the body. */
const longestPath = 200;

/**
 * How many remedies an answer may still look for: comparing one unknown name with the known ones costs as much as checking
 * a hundred. One object for all events of a request.
 */
export interface Remedies {
  left: number;
}

/** The remedies of one answer. */
export const remedies = (): Remedies => ({ left: 10 });

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
  throw refusedFor(issuesOf(result.error, schema, remedies()), what, code);
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
 * Zod's issues in the words of the API: dotted paths, and for an unknown key the nearest known one as long as there are
 * remedies left. At most 100; one more entry says how many are not listed.
 */
export function issuesOf(error: z.ZodError, schema: z.ZodType, hints: Remedies): Issue[] {
  const issues: Issue[] = [];
  let more = 0;
  for (const issue of error.issues.flatMap(fitting)) {
    const free = mostIssues - issues.length;
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, issue.path);
      for (const key of issue.keys.slice(0, free))
        issues.push({ path: shownPath([...issue.path, key]), message: unknownKey(key, known, hints) });
      more += Math.max(0, issue.keys.length - free);
    } else if (free > 0) issues.push({ path: shownPath(issue.path), message: issue.message });
    else more += 1;
  }
  return withMore(issues, more);
}

/** The issues, and an entry that says how many more there are. */
export function withMore(issues: Issue[], more: number): Issue[] {
  if (more > 0) issues.push({ path: "", message: `and ${more} more, which are not listed` });
  return issues;
}

/**
 * Of a value that may have several forms, the issues of the form that it was meant in: one of whose parts is wrong, and not
 * the whole.
 */
function fitting(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
  if (meant === undefined || meant.length === 0) return [issue];
  return meant.flatMap((inner) => fitting({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(key: string, known: readonly string[], hints: Remedies): string {
  if (hints.left === 0) return "is not known";
  hints.left -= 1;
  const near = nearestName(key, known, longestName);
  return near === null
    ? `is not known; known are ${known.join(", ")}`
    : `is not known; did you mean ${near}?`;
}

/** A path as the API writes it, cut if it is long. */
export function shownPath(path: readonly PropertyKey[]): string {
  const text = pathText(path);
  return text.length > longestPath ? `${text.slice(0, longestPath).toWellFormed()}…` : text;
}

/** The keys that an object schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.core.$ZodType | null = bare(schema);
  for (const part of path) {
    const of: z.core.$ZodType | undefined = partOf(at, part);
    at = of === undefined ? null : bare(of);
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** The schema of a key, or of a list's entries. */
function partOf(at: z.core.$ZodType | null, part: PropertyKey): z.core.$ZodType | undefined {
  if (at instanceof z.ZodObject) return at.shape[String(part)];
  if (at instanceof z.ZodArray) return at.element;
  if (!(at instanceof z.ZodUnion)) return undefined;
  // Of the forms that a value may have, the one that has such a part.
  return at.options.map((option) => partOf(bare(option), part)).find((of) => of !== undefined);
}

/** The schema of what is read: before any change of it, and whether it may be missing or not. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodPipe ? bare(inner.in) : inner;
}
