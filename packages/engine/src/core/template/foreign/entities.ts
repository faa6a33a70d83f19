/**
 * HTML entities in URLs. A URL copied from the source of a page has `&amp;` for `&`. A URL that went through a page
 * unescaped lost more: browsers read some entities without their semicolon, so `&currency=` became `¤cy=`
 * (HTML, section 13.2.5.73, named character reference state; the names are those of its table that have a form
 * without `;` and begin names of parameters).
 *
 * @packageDocumentation
 */

/** A place in a URL that HTML changed. */
export interface HtmlEntity {
  /** As it stands. */
  readonly text: string;
  /** What was there before, in a URL. */
  readonly written: string;
  readonly start: number;
  readonly end: number;
}

/** Characters of entities by name. */
const characters: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00A0",
  lbrace: "{",
  rbrace: "}",
  lcub: "{",
  rcub: "}",
  lsqb: "[",
  rsqb: "]",
  lbrack: "[",
  rbrack: "]",
  num: "#",
  excl: "!",
  percnt: "%",
  dollar: "$",
  equals: "=",
  quest: "?",
  sol: "/",
  colon: ":",
  lowbar: "_",
  curren: "¤",
  copy: "©",
  reg: "®",
  times: "×",
  not: "¬",
  para: "¶",
  sect: "§",
  cent: "¢",
  pound: "£",
  yen: "¥",
  micro: "µ",
  deg: "°",
  middot: "·",
  divide: "÷",
  shy: "\u00AD",
  eth: "ð",
};

/** Those that a browser reads without `;`, and which begin names of parameters such as `currency`, `region`, `times`. */
const eaten: ReadonlyMap<string, string> = new Map(
  "curren copy reg times not para sect cent pound yen micro deg middot divide shy eth"
    .split(" ")
    .map((name) => [characters[name] as string, name]),
);

const eatenPattern = new RegExp(
  `(?<char>${[...eaten.keys()].flatMap((char) => [char, encodeURIComponent(char)]).join("|")})(?=[\\w.[\\]-]{0,40}=)`,
  "gi",
);

const entity =
  /&(?:(?:amp;)+(?<then>[a-z]{2,6};)?|(?<name>[a-z]{2,6});|#(?<decimal>\d{2,7});|#x(?<hex>[\da-f]{2,6});)/gi;

/** The `<`, `>` and `"` that were `&ltv=`, `&gtin=` and `&quote=`: only these, because they may be meant. */
const eatenMarks: readonly (readonly [RegExp, string])[] = [
  [/<(?=v=)/g, "&lt"],
  [/>(?=in=)/g, "&gt"],
  [/"(?=e=)/g, "&quot"],
];

const encodedInUrl = /[^!$&'()*+,\-./:;=?@[\]_~{}#%A-Za-z0-9]/gu;

function characterOf(groups: Readonly<Record<string, string | undefined>>): string | null {
  const { name, decimal, hex } = groups;
  if (name !== undefined) return characters[name.toLowerCase()] ?? null;
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  return code >= 0x20 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    ? String.fromCodePoint(code)
    : null;
}

/**
 * The places in a URL that HTML changed, in order.
 *
 * @param url own macros in it are blotted out
 * @param from where the path begins
 * @example findEntities("https://t.example/?a=1&amp;b=2", 17) // [{ text: "&amp;", written: "&", start: 22, end: 27 }]
 */
export function findEntities(url: string, from: number): readonly HtmlEntity[] {
  const found: HtmlEntity[] = [];
  const add = (text: string, written: string, start: number): void => {
    if (start >= from) found.push({ text, written, start, end: start + text.length });
  };
  for (const match of url.matchAll(entity)) {
    const groups = match.groups ?? {};
    if (/^&amp;/i.test(match[0])) {
      // `&amp;lt;` was escaped twice; `&amp;b;` is a parameter b.
      const twice = characters[groups["then"]?.slice(0, -1).toLowerCase() ?? ""];
      if (twice === undefined)
        add(match[0].slice(0, match[0].length - (groups["then"] ?? "").length), "&", match.index);
      else add(match[0], inUrl(twice), match.index);
      continue;
    }
    const char = characterOf(groups);
    if (char === null) continue;
    const rest = url.slice(match.index + match[0].length, match.index + match[0].length + 50);
    const name = eaten.get(char);
    add(
      match[0],
      name !== undefined && /^[\w.[\]-]{0,40}=/.test(rest) ? `&${name}` : inUrl(char),
      match.index,
    );
  }
  const query = url.indexOf("?", from);
  for (const match of query === -1 ? [] : url.matchAll(eatenPattern)) {
    const char = match[0].startsWith("%") ? decodeURIComponent(match[0]) : match[0];
    if (match.index > query) add(match[0], `&${eaten.get(char) ?? ""}`, match.index);
  }
  for (const [pattern, written] of query === -1 ? [] : eatenMarks)
    for (const match of url.matchAll(pattern)) if (match.index > query) add(match[0], written, match.index);
  return found.toSorted((a, b) => a.start - b.start);
}

function inUrl(text: string): string {
  return text.replaceAll(encodedInUrl, (char) => encodeURIComponent(char));
}
