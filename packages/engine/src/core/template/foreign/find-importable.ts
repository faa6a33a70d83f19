import { lex } from "../lex.ts";
import { maskSureMacros } from "./own-macros.ts";
import { findPlaceholders } from "./placeholders.ts";
import {
  findForeignMacros,
  type ForeignMacro,
  type ForeignSyntax,
  type ForeignSyntaxId,
  foreignSyntaxes,
} from "./syntaxes.ts";
import { pathStart, type UrlValue, urlValues } from "./url-values.ts";

/** The syntaxes that a text can be said to have. */
export const importSyntaxes = [
  "auto",
  "braces",
  "double_braces",
  "dollar_braces",
  "dollar",
  "brackets",
  "bracket_percents",
  "hashes",
  "exclamations",
  "percents",
  "underscores",
  "parentheses",
  "angles",
  "colon",
] as const;

export type ImportSyntax = (typeof importSyntaxes)[number];

/** A macro or a placeholder that has to become one of ours. */
export interface Importable {
  readonly found: string;
  readonly name: string;
  readonly syntax: ImportSyntax | "placeholder";
  readonly parameter: string | null;
  /** In the host only a text can stand. */
  readonly inHost: boolean;
  /** The text for a missing value. */
  readonly fallback: string | null;
  readonly start: number;
  readonly end: number;
}

/** Forms of one syntax: which one a macro is reported as. */
const reportedAs: Readonly<Partial<Record<ForeignSyntaxId, ImportSyntax>>> = {
  encoded_braces: "braces",
  dollar_own: "dollar_braces",
};

const syntaxOf = ({ id }: ForeignSyntax): ImportSyntax => reportedAs[id] ?? (id as ImportSyntax);

/**
 * The macros and placeholders of a URL in order, and the macros of our own in it.
 *
 * Two rounds if the syntax is `auto`: what is recognised without doubt tells which syntaxes the text has, and then each
 * name in these syntaxes is a macro.
 */
export function findImportable(
  url: string,
  syntax: ImportSyntax,
): { readonly places: readonly Importable[]; readonly kept: readonly string[] } {
  const masked = maskSureMacros(url);
  const only =
    syntax === "auto" ? foreignSyntaxes : foreignSyntaxes.filter((one) => syntaxOf(one) === syntax);
  const values = [...hostValue(masked), ...urlValues(masked)];
  const macrosOf = (value: UrlValue, eager: ReadonlySet<ForeignSyntaxId>): readonly ForeignMacro[] =>
    findForeignMacros(value.text, value.whole, value.part, eager, only);
  const sure = new Set<ForeignSyntaxId>(syntax === "auto" ? ["braces"] : only.map(({ id }) => id));
  if (syntax === "auto")
    for (const value of values) for (const macro of macrosOf(value, sure)) sure.add(macro.syntax.id);
  const host = pathStart(masked);
  const places = values.flatMap((value): Importable[] => {
    const shared = { parameter: value.name, inHost: value.start < host };
    const macros = macrosOf(value, sure).map((macro) => ({ ...macro, syntax: syntaxOf(macro.syntax) }));
    const words = value.whole === "name" ? [] : findPlaceholders(hostWords(value, host), false);
    const free = words.filter(({ start, end }) =>
      macros.every((one) => end <= one.start || one.end <= start),
    );
    return [
      ...macros,
      ...free.map((word) => ({
        ...word,
        name: word.text,
        syntax: "placeholder" as const,
        fallback: undefined,
      })),
    ]
      .toSorted((a, b) => a.start - b.start)
      .map(({ name, syntax: form, fallback, start, end }) => ({
        ...shared,
        found: url.slice(value.start + start, value.start + end),
        name,
        syntax: form,
        fallback: fallback ?? null,
        start: value.start + start,
        end: value.start + end,
      }));
  });
  const kept = lex(url, () => {}).flatMap((part) =>
    part.kind === "macro" && part.macro !== null && masked[part.start] !== "{" ? [part.macro.name] : [],
  );
  return { places, kept: [...new Set(kept)] };
}

/** The host as a text of its own. */
function hostValue(masked: string): readonly UrlValue[] {
  const end = pathStart(masked);
  const start = masked.slice(0, end).indexOf("://") + 3;
  if (start < 3) return [];
  return [{ text: masked.slice(start, end), start, whole: "value", part: "within", name: null }];
}

/** Between the dots of a host are words. */
const hostWords = ({ text, start }: UrlValue, host: number): string =>
  start < host ? text.replaceAll(".", " ") : text;
