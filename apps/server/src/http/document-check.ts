import type { Issue } from "@postrider/engine";
import { pathText, withMore } from "./issues.ts";

/** The deepest nesting of a document that an operator writes. Checking it further recurses. */
const deepest = 100;
/** Places that an answer names. */
const mostIssues = 100;

/**
 * What keeps a part of a request (its path, query or document) from being checked and stored: texts that PostgreSQL
 * cannot store (U+0000) or UTF-8 cannot write (half of a surrogate pair), a key `__proto__`, which objects of the
 * language would lose, more values than `mostValues`, or deep nesting. Everything that goes into a query of the ledger
 * passes here; the data of events does not, as it is kept as its text.
 *
 * @example storageIssues({ type: "\u0000" }, 10) // [{ path: "type", message: "must not hold U+0000" }]
 */
export function storageIssues(value: unknown, mostValues: number): Issue[] {
  const issues: Issue[] = [];
  const path: PropertyKey[] = [];
  let values = 0;
  let more = 0;
  const report = (message: string): void => {
    if (issues.length < mostIssues) issues.push({ path: pathText(path), message });
    else more += 1;
  };
  const visitText = (text: string, what: string): void => {
    if (text.includes("\u0000")) report(`must not hold U+0000${what}`);
    else if (!text.isWellFormed()) report(`must not hold half of a surrogate pair${what}`);
  };
  const visit = (part: unknown): void => {
    values += 1;
    if (typeof part === "string") return visitText(part, "");
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
    visitText(key, " in its name");
    // The template of a body is JSON of the partner's own; the engine says which of its keys it can send.
    if (key === "__proto__" && path[0] !== "body") report("is a name that cannot be kept");
  };
  visit(value);
  if (values > mostValues)
    return [{ path: "", message: `has more than ${mostValues} values, and may have so many at most` }];
  return withMore(issues, more);
}
