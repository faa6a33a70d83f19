/**
 * The macro syntaxes of other platforms: one table, which the guard of the compiler and the importer read.
 *
 * @packageDocumentation
 */
import { macroMask } from "../url-text.ts";
import { isKnownName } from "./names.ts";

/** The syntaxes by name, as reports and `--syntax` call them. */
export type ForeignSyntaxId =
  | "braces"
  | "encoded_braces"
  | "double_braces"
  | "dollar_braces"
  | "dollar_own"
  | "dollar"
  | "bracket_percents"
  | "brackets"
  | "hashes"
  | "exclamations"
  | "percents"
  | "underscores"
  | "parentheses"
  | "angles"
  | "colon";

/**
 * How much a name must look like a macro's before it is taken for one. `any`: any name. `likely`: in capitals, or
 * known. `named`: known, or of several words. `probable`: known, or of several words in capitals. `certain`: known and
 * of several words. `never`: not at all.
 */
type Level = "any" | "likely" | "named" | "probable" | "certain" | "never";

/**
 * Where a text stands. In a URL: the `name` of a parameter, a whole `segment` of the path, a whole `value`, or `within`
 * one. In a header or a JSON text: the whole `leaf`, a `part` of a text without spaces, or `prose`.
 */
export type MacroPlace = "name" | "segment" | "value" | "within" | "leaf" | "part" | "prose";

export interface ForeignSyntax {
  readonly id: ForeignSyntaxId;
  /** How it is written. */
  readonly example: string;
  /** A platform that has it. */
  readonly seen: string;
  /** Finds it; `name` is the group. Global, linear: names are bounded. */
  readonly pattern: RegExp;
  readonly levels: Readonly<Record<MacroPlace, Level>>;
}

const word = String.raw`(?<name>[A-Za-z_][\w.:-]{0,63})`;
const words = String.raw`(?<name>[A-Za-z_][\w.: -]{0,63})`;

/** A delimiter, as it is or percent-encoded. */
function either(delimiter: string): string {
  const raw = delimiter.replaceAll(/[$()[\]{}]/g, String.raw`\$&`);
  const encoded = Array.from(delimiter, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`).join(
    "",
  );
  return `(?:${raw}|${encoded.replaceAll(/[A-F]/g, (digit) => `[${digit}${digit.toLowerCase()}]`)})`;
}

const between = (open: string, close: string, name = word): string => either(open) + name + either(close);

const places: readonly MacroPlace[] = ["name", "segment", "value", "within", "leaf", "part", "prose"];

/** `levels`: one for each place, in the order of `places`. */
function row(
  id: ForeignSyntaxId,
  example: string,
  seen: string,
  pattern: string,
  levels: readonly Level[],
): ForeignSyntax {
  const byPlace = Object.fromEntries(places.map((place, index) => [place, levels[index] ?? "never"]));
  return {
    id,
    example,
    seen,
    pattern: new RegExp(pattern, "g"),
    levels: byPlace as Record<MacroPlace, Level>,
  };
}

const dollarBraces = String.raw`(?:\$|%24)(?:\{|%7[Bb])(?:${word}|\((?<inner>[A-Za-z_][\w.:-]{0,63})\)!?(?:"(?<fallback>[^"{}&]{0,64})")?)!?(?:\}|%7[Dd])`;
const dollarOwn = String.raw`\$(?<name>${macroMask}+)`;
const encodedBraces = String.raw`%7[Bb]${word}%7[Dd]`;
const braces = String.raw`(?<!\{)\{ {0,4}${word} {0,4}\}(?!\})`;
/** Also a choice of words, `[New|Returning]`. */
const choices = String.raw`(?<name>[A-Za-z_][\w.:|-]{0,63})`;
/** Not an index, `a[x]`, and not a link of Markdown, `[x](…)`. */
const brackets = String.raw`(?<![\w\])])${between("[", "]", choices)}(?![(\[]|:\s)`;
/** Not the separator of `brand__search__us`. */
const underscores = String.raw`(?<![A-Za-z0-9]|[a-z0-9]_)__(?<name>[A-Za-z][A-Za-z0-9]{0,31}(?:_[A-Za-z0-9]{1,31}){0,7})__(?![A-Za-z0-9])`;
const dollar = String.raw`(?<![\w$])(?:\$|%24)(?<name>[A-Za-z_]\w{1,63})`;
const colon = String.raw`(?<![^\s]):(?<name>[A-Za-z_]\w{0,63})(?![^\s])`;

/**
 * The table, in the order in which a text is searched: a form that holds another comes before it.
 * `never` in all places: only the importer reads it, the compiler has its own words for it.
 */
// biome-ignore format: a table is read by columns
export const foreignSyntaxes: readonly ForeignSyntax[] = [
  //                                                                                                 name     segment  value      within     leaf        part        prose
  row("dollar_braces", "${x}, ${(x)!}", "Tradedoubler, Branch", dollarBraces,                       ["any",   "any",   "any",     "any",     "any",      "any",      "any"]),
  row("dollar_own", "${data.x}", "JavaScript", dollarOwn,                                           ["any",   "any",   "any",     "any",     "any",      "never",    "never"]),
  row("double_braces", "{{x}}", "Tenjin, Reddit", between("{{", "}}"),                              ["any",   "any",   "any",     "any",     "any",      "any",      "certain"]),
  row("encoded_braces", "%7Bx%7D", "copies from a browser", encodedBraces,                          ["any",   "any",   "any",     "any",     "any",      "any",      "never"]),
  row("braces", "{x}", "most trackers", braces,                                                     ["never", "never", "never",   "never",   "never",    "never",    "never"]),
  row("bracket_percents", "[%X:Y%]", "BitLabs", between("[%", "%]"),                                ["any",   "any",   "any",     "any",     "any",      "any",      "any"]),
  row("brackets", "[X]", "LevelPlay, Adiscope", brackets,                                           ["never", "any",   "any",     "likely",  "probable", "probable", "certain"]),
  row("percents", "%%X%%", "Google Ad Manager", between("%%", "%%"),                                ["any",   "any",   "any",     "any",     "any",      "any",      "likely"]),
  row("exclamations", "!!!x!!!", "Awin", between("!!!", "!!!"),                                     ["any",   "any",   "any",     "any",     "any",      "any",      "probable"]),
  row("hashes", "#x#", "CAKE, MaxBounty", between("#", "#"),                                        ["any",   "any",   "any",     "any",     "probable", "probable", "certain"]),
  row("underscores", "__X__", "TikTok", underscores,                                                ["never", "likely","likely",  "likely",  "probable", "probable", "certain"]),
  row("angles", "<x>", "examples in documents", between("<", ">", words),                           ["never", "named", "named",   "named",   "named",    "named",    "certain"]),
  row("parentheses", "(x)", "AppsFlyer", between("(", ")"),                                         ["never", "any",   "any",     "certain", "certain",  "certain",  "never"]),
  row("dollar", "$X", "examples in documents", dollar,                                              ["never", "likely","likely",  "likely",  "probable", "certain",  "never"]),
  row("colon", ":x", "routes in documents", colon,                                                  ["never", "any",   "certain", "never",   "certain",  "never",    "never"]),
];

const capitals = /^[A-Z][A-Z0-9_.:-]*[A-Z0-9]$/;
const severalWords = /[A-Za-z0-9][_.:-]+[A-Za-z0-9]|[a-z][A-Z]/;

function fits(name: string, level: Level): boolean {
  if (level === "any" || level === "never") return level === "any";
  const known = isKnownName(name);
  const several = severalWords.test(name);
  if (level === "likely") return known || capitals.test(name);
  if (level === "named") return known || /[_ -]|[a-z][A-Z]/.test(name);
  return level === "probable" ? known || (several && capitals.test(name)) : known && several;
}

/** A place where another platform's macro stands. */
export interface ForeignMacro {
  readonly syntax: ForeignSyntax;
  readonly name: string;
  /** As it is written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The text that stands for a missing value, as `${(x)!"0"}` has it. */
  readonly fallback?: string;
}

const encodedDelimiter = /^%(?:2[1348]|5[Bb]|3[Cc]|25)/;

/**
 * The macros of other platforms in one text without URL delimiters, in order; none lies in another.
 *
 * @param text own macros in it are blotted out with {@link macroMask}
 * @param whole the place if the macro is the whole text
 * @param part the place if it is a part of it
 * @param eager syntaxes of which any name is taken, because the text is known to have them
 * @param only the syntaxes looked for
 */
export function findForeignMacros(
  text: string,
  whole: MacroPlace,
  part: MacroPlace,
  eager: ReadonlySet<ForeignSyntaxId> = none,
  only: readonly ForeignSyntax[] = foreignSyntaxes,
): readonly ForeignMacro[] {
  const found: ForeignMacro[] = [];
  // One mark per character: with a search among what was found, the time would be quadratic.
  const taken = new Uint8Array(text.length);
  const trimmedLength = text.trim().length;
  for (const syntax of only) {
    for (const match of text.matchAll(syntax.pattern)) {
      const { name: direct, inner, fallback } = match.groups ?? {};
      const name = (direct ?? inner ?? "").trim();
      const start = match.index;
      const end = start + match[0].length;
      if (name.includes("::") || taken[start] === 1 || taken[end - 1] === 1) continue;
      const place = end - start === trimmedLength ? whole : part;
      const level = eager.has(syntax.id) && place !== "name" ? "any" : syntax.levels[place];
      // An encoded delimiter is how one writes it to be sent as it is: only what is a macro for sure is taken.
      const encoded = encodedDelimiter.test(match[0]) && level === "any" && syntax.id !== "dollar_braces";
      if (!fits(name, encoded ? "probable" : level)) continue;
      taken.fill(1, start, end);
      found.push({
        syntax,
        name,
        text: match[0],
        start,
        end,
        ...(fallback === undefined ? {} : { fallback }),
      });
    }
  }
  return found.toSorted((a, b) => a.start - b.start);
}

const none: ReadonlySet<ForeignSyntaxId> = new Set();
