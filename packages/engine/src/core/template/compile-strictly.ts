import { type CompileOptions, compileTemplate, type CompileResult, type TemplateSource } from "./compile.ts";
import { findPasted } from "./foreign/find-pasted.ts";
import type { TemplateIssue } from "./issue.ts";
import { findPersonalMacros } from "./personal-strict.ts";

/** A document that is to be stored. */
export interface NewTemplateSource extends TemplateSource {
  /** Text that looks like another platform's macro is meant as it is. Default: false. */
  readonly literal?: boolean;
}

/** Codes of what is refused only in a new document: a stored one may have it. */
const pastedCodes: ReadonlySet<string> = new Set([
  "foreign_macro",
  "html_entity",
  "placeholder",
  "personal_data",
]);
const issueLimit = 50;
/** In the order of the compiler. */
const fields = ["url", "headers", "parameters", "body"];

/**
 * Compiles a template that is to be stored: also refuses other platforms' macros, HTML entities and placeholders, unless
 * the document is `literal`, and personal data where it leaks, unless its `personal_data` allows it. Dispatch compiles with {@link compileTemplate}, so what is stored goes on working.
 *
 * @example compileStrictly({ method: "GET", url: "https://t.example/?c=[CLICK_ID]" }).issues[0].code // "foreign_macro"
 */
export function compileStrictly(source: NewTemplateSource, options?: CompileOptions): CompileResult {
  const compiled = compileTemplate(source, options);
  const pasted = [...(source.literal === true ? [] : findPasted(source)), ...findPersonalMacros(source)];
  if (pasted.length === 0) return compiled;
  const follows = (issue: TemplateIssue): boolean =>
    pasted.some(
      ({ field, position, end }) =>
        field === issue.field && position <= issue.position && issue.position < end,
    );
  const others = compiled.ok ? [] : compiled.issues.filter((issue) => !follows(issue));
  const issues = [...pasted.map(issueOf), ...others].toSorted(
    (a, b) => rankOf(a) - rankOf(b) || (a.field === b.field ? a.position - b.position : 0),
  );
  return { ok: false, issues: issues.slice(0, issueLimit) };
}

const issueOf = ({ code, field, position, message }: TemplateIssue): TemplateIssue => ({
  code,
  field,
  position,
  message,
});

const rankOf = ({ field }: TemplateIssue): number => fields.findIndex((name) => field.startsWith(name));

/**
 * Whether a document was refused for nothing but what looks pasted, so that it can be dispatched as it is.
 *
 * @example isOnlyPasted([{ code: "foreign_macro", … }]) // true
 */
export function isOnlyPasted(issues: readonly TemplateIssue[]): boolean {
  return issues.every(({ code }) => pastedCodes.has(code));
}
