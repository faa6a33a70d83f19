/**
 * From a URL with the macros of another platform to one with Postrider's, and a report of what was done.
 *
 * @packageDocumentation
 */
import { compileStrictly } from "../compile-strictly.ts";
import type { TemplateIssue } from "../issue.ts";
import { findImportable, type Importable, type ImportSyntax } from "./find-importable.ts";
import { plainName } from "./names.ts";
import { repairUrl, type Repair } from "./repair-url.ts";
import { resolveName, type Resolved } from "./resolve-name.ts";

export type { ImportSyntax } from "./find-importable.ts";
export { importSyntaxes } from "./find-importable.ts";

export interface ImportOptions {
  /** The syntax of the text's macros. Default: `auto`, all that are recognised. */
  readonly syntax?: ImportSyntax;
  /** What names stand for: a path with modifier and filters, `{ SUB: "data.sub1?" }`. */
  readonly map?: Readonly<Record<string, string>>;
  /** Texts to put in for names: `{ YOUR_ACCOUNT_ID: "4711" }`. */
  readonly fill?: Readonly<Record<string, string>>;
  /** The endpoint has `fan_out`, so that names can stand for `item.…` and `n`. Default: false. */
  readonly fanOut?: boolean;
}

/** One macro or placeholder of the text. */
interface ImportedPlace {
  /** As it was written. */
  readonly found: string;
  /** Its name there: `CLICK_ID`. */
  readonly name: string;
  /** The name of a syntax, or `placeholder`. */
  readonly syntax: string;
  /** The parameter whose value it is in, or null. */
  readonly parameter: string | null;
}

/** A macro that has ours in its place now. */
export interface ImportedMacro extends ImportedPlace {
  readonly written: string;
  /** Why this one. */
  readonly why: string;
}

/** A macro for which nothing is known; it stands in the URL as it was. */
export interface LeftMacro extends ImportedPlace {
  readonly why: string;
  /** The flag of `postrider endpoints import` that would say it. */
  readonly suggestion: string;
}

export interface ImportedTemplate {
  /** The URL template; it can be stored if `left` and `issues` are empty. */
  readonly url: string;
  /** What was put right before macros were read, such as HTML entities. */
  readonly repaired: readonly Repair[];
  /** Macros of Postrider that were in the text, without braces. */
  readonly kept: readonly string[];
  /** Replaced, with no doubt about the meaning. */
  readonly mapped: readonly ImportedMacro[];
  /** Replaced by what is most likely meant: to be confirmed by a reader. */
  readonly guessed: readonly ImportedMacro[];
  readonly left: readonly LeftMacro[];
  /** Names of `map` and `fill` that are not in the text. */
  readonly unused: readonly string[];
  /** What else is wrong with `url`, by the compiler. */
  readonly issues: readonly TemplateIssue[];
}

/**
 * Translates a URL that a partner gives. Pure, never throws; no literal text is lost. A text in Postrider's own macros
 * comes back as it is.
 *
 * @example
 * importTemplate("https://t.example/pb?cid=[CLICK_ID]&amp;p=#payout#").url
 * // "https://t.example/pb?cid={data.click_id}&p={data.payout}"
 */
export function importTemplate(text: string, options: ImportOptions = {}): ImportedTemplate {
  const { url: source, repairs } = repairUrl(text);
  const { places, kept } = findImportable(source, options.syntax ?? "auto");
  const wishes = { map: byPlainName(options.map), fill: byPlainName(options.fill) };
  const result = { mapped: [] as ImportedMacro[], guessed: [] as ImportedMacro[], left: [] as LeftMacro[] };
  const leftAt: { readonly start: number; readonly end: number }[] = [];
  let url = "";
  let at = 0;
  for (const place of places) {
    url += source.slice(at, place.start);
    at = place.end;
    const resolved = resolveName(place, wishes);
    const start = url.length;
    url += resolved.kind === "left" ? place.found : resolved.written;
    report(place, resolved, result);
    if (resolved.kind === "left") leftAt.push({ start, end: url.length });
  }
  url += source.slice(at);
  const compiled = compileStrictly({
    method: "GET",
    url,
    fan_out: options.fanOut === true ? "data.items" : null,
  });
  const told = ({ field, position }: TemplateIssue): boolean =>
    field === "url" && leftAt.some(({ start, end }) => start <= position && position < end);
  return {
    url,
    repaired: repairs,
    kept,
    ...result,
    unused: unusedNames(places, options),
    issues: compiled.ok ? [] : compiled.issues.filter((issue) => !told(issue)),
  };
}

function report(
  { found, name, syntax, parameter }: Importable,
  resolved: Resolved,
  result: { mapped: ImportedMacro[]; guessed: ImportedMacro[]; left: LeftMacro[] },
): void {
  const place = { found, name, syntax, parameter };
  const { kind, why } = resolved;
  if (kind === "left") result.left.push({ ...place, why, suggestion: resolved.suggestion });
  else result[kind].push({ ...place, written: resolved.written, why });
}

function byPlainName(wishes: Readonly<Record<string, string>> | undefined): ReadonlyMap<string, string> {
  return new Map(Object.entries(wishes ?? {}).map(([name, value]) => [plainName(name), value]));
}

function unusedNames(places: readonly Importable[], { map, fill }: ImportOptions): readonly string[] {
  const names = new Set(places.map(({ name }) => plainName(name)));
  const given = [...Object.keys(map ?? {}), ...Object.keys(fill ?? {})];
  return given.filter((name) => !names.has(plainName(name)));
}
