import { type Issue, unstorableText } from "@postrider/engine";
import type { z } from "zod";
import { checked, refusedFor, shownPath, withMore } from "./issues.ts";
import { parseJson } from "./request-body.ts";

/** How much a document may hold: it is checked in one go, which costs time in proportion. */
export interface DocumentLimits {
  readonly bytes: number;
  /** Values of keys and of list entries. */
  readonly values: number;
}

/** For every document, unless its route has others. */
export const documentLimits: DocumentLimits = { bytes: 256 * 1024, values: 5_000 };

/** For documents that may list 10,000 deliveries. */
export const selectionLimits: DocumentLimits = { bytes: 512 * 1024, values: 11_000 };

/**
 * The document in a body's text, checked by its schema. The text must be within the limit of bytes already.
 *
 * @throws PostriderError `invalid_request`, with one issue per wrong place
 */
export function readDocument<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  limits: DocumentLimits,
): z.output<Schema> {
  return checked(schema, storable(parseJson(text), "body", limits.values), "body");
}

/** Path and query are bounded by the size of the headers. */
const mostParameters = 10_000;

/** The value, if all of it can be stored. @throws PostriderError `invalid_request` */
export function storable(value: unknown, what: string, mostValues = mostParameters): unknown {
  const issues = storageIssues(value, mostValues);
  if (issues.length > 0) throw refusedFor(issues, what);
  return value;
}

/** The deepest nesting of a document that an operator writes. Checking it further recurses. */
const deepest = 100;
/** Most places that an answer names. */
const mostIssues = 100;

/**
 * What keeps a part of a request (its path, query or document) from being checked and stored: texts that PostgreSQL
 * cannot store (U+0000) or UTF-8 cannot write (half of a surrogate pair), a key `__proto__`, which objects of the
 * language would lose, more values than `mostValues`, or deep nesting. Everything that goes into a query of the ledger
 * is checked here, except the data of events, which is kept as its text.
 *
 * @example storageIssues({ type: "\u0000" }, 10) // [{ path: "type", message: "holds U+0000, which cannot be stored: remove it" }]
 */
function storageIssues(value: unknown, mostValues: number): Issue[] {
  const issues: Issue[] = [];
  const path: PropertyKey[] = [];
  let values = 0;
  let more = 0;
  const report = (message: string): void => {
    if (issues.length < mostIssues) issues.push({ path: shownPath(path), message });
    else more += 1;
  };
  const visitText = (text: string, holds: string): void => {
    const fault = unstorableText(text);
    if (fault !== null) report(`${holds} ${fault.words}`);
  };
  const visit = (part: unknown): void => {
    values += 1;
    if (typeof part === "string") return visitText(part, "holds");
    if (typeof part !== "object" || part === null || values > mostValues) return;
    if (path.length >= deepest) return report(`is nested more than ${deepest} levels deep`);
    const isList = Array.isArray(part);
    for (const [key, inner] of Object.entries(part)) {
      path.push(isList ? Number(key) : key);
      if (!isList) visitKey(key);
      visit(inner);
      path.pop();
    }
  };
  const visitKey = (key: string): void => {
    visitText(key, "has a key with");
    // The template of a body is JSON of the partner's own, and headers have any name.
    if (key === "__proto__" && path[0] !== "body" && path[0] !== "headers")
      report("is a name that cannot be kept");
  };
  visit(value);
  if (values > mostValues)
    return [{ path: "", message: `has more than ${mostValues} values, and may have so many at most` }];
  return withMore(issues, more);
}
