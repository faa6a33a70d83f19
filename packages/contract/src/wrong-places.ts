/** What is wrong with a document, in words: the same for the API and for files that are checked without a server. */
import { z } from "zod";
import { unwrapped } from "./documents/complete.ts";
import { nearestName } from "./nearest-name.ts";

/** Letters of an unknown name that is still compared with the known ones. */
const longestName = 60;

/** So many unknown names are compared: comparing one with the known ones costs as much as checking a hundred. */
const mostCompared = 10;

/** A place in a document that is wrong. */
export interface WrongPlace {
  readonly path: readonly PropertyKey[];
  /** What is wrong, after the path: "must be at least 1". */
  readonly message: string;
}

/**
 * The places that a schema found wrong. For an unknown key, of the first ten, the nearest known one is named.
 *
 * @param most so many are listed; `more` are not
 * @example wrongPlaces(error, partnerDocument).listed // [{ path: ["nam"], message: "is not known; did you mean name?" }]
 */
export function wrongPlaces(
  error: z.ZodError,
  schema: z.ZodType,
  most: number = Number.POSITIVE_INFINITY,
): { readonly listed: readonly WrongPlace[]; readonly more: number } {
  const listed: WrongPlace[] = [];
  let more = 0;
  let compared = 0;
  for (const issue of error.issues.flatMap(fitting)) {
    const free = most - listed.length;
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, issue.path);
      for (const key of issue.keys.slice(0, free))
        listed.push({
          path: [...issue.path, key],
          message: unknownKey(key, known, (compared += 1) <= mostCompared),
        });
      more += Math.max(0, issue.keys.length - free);
    } else if (free > 0) listed.push({ path: issue.path, message: issue.message });
    else more += 1;
  }
  return { listed, more };
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

function unknownKey(key: string, known: readonly string[], compares: boolean): string {
  if (!compares) return "is not known";
  const near = nearestName(key, known, longestName);
  if (near !== null) return `is not known; did you mean ${near}?`;
  return known.length === 0 ? "is not known" : `is not known; known are ${known.join(", ")}`;
}

/** The keys that an object schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.core.$ZodType | null = bare(schema);
  for (const part of path) {
    const of: z.core.$ZodType | undefined = partOf(at, part);
    at = of === undefined ? null : bare(of);
  }
  return at === null ? [] : keysOf(at);
}

function keysOf(schema: z.core.$ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodUnion ? schema.options.flatMap((option) => keysOf(bare(option))) : [];
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
