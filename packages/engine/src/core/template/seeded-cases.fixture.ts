/**
 * Seeded templates and events, each with what must be sent: worked out from the pieces that the case was made of, not by
 * the code under test.
 *
 * @packageDocumentation
 */
/** A pseudo-random number from 0 up to `below`, the same for the same seed (mulberry32). */
export type Pick = (below: number) => number;

export function pickFrom(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const one = <Item>(pick: Pick, items: readonly Item[]): Item => items[pick(items.length)] as Item;
const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

/**
 * A value of the event: its JSON text in the event, the JSON text that is sent of it, its plain text, and whether it
 * counts as missing.
 */
interface Sample {
  readonly json: string;
  readonly sent: string;
  readonly text: string;
  readonly missing: boolean;
}

const hostileCharacters = Array.from("&=?#/\\%+ ;:@{}[]()<>\"'|!$,.~\r\n\t\u0000é🎉a1").concat(
  "\ud800",
  "\udc00",
);
const hostileTexts = [
  "a@b.c&payout=999",
  "..",
  ".",
  "%2e%2e",
  "//evil.example/",
  '","x":"1',
  '\\","x":"1',
  "{event_id}",
  "{{",
  "}}",
  "%7B",
  "a||b",
  "|",
  "\r\nx-evil: 1",
  "#",
];
const numbers = ["0", "-0", "10.50", "12345678901234567890", "1E+2", "0.10", "1.0", "9007199254740993"];
const objects: readonly (readonly [string, string])[] = [
  ['{ "k" : [ 1, 2.0 ] }', '{"k":[1,2.0]}'],
  ["[]", "[]"],
  ["{}", "{}"],
  ['[{"a":"\\u0000\\"}"}]', '[{"a":"\\u0000\\"}"}]'],
];

function hostileText(pick: Pick): string {
  if (pick(3) === 0) return one(pick, hostileTexts);
  return times(pick(8), () => one(pick, hostileCharacters)).join("");
}

function sample(pick: Pick): Sample {
  const kind = pick(10);
  if (kind < 5) {
    const text = hostileText(pick);
    return plain(text, false);
  }
  if (kind < 8) {
    const json = one(pick, [...numbers, "true", "false"]);
    return plain(json, true);
  }
  if (kind === 8) return absent;
  const [json, text] = one(pick, objects);
  return { json, sent: json, text, missing: false };
}

const plain = (text: string, isNumber: boolean): Sample => ({
  json: isNumber ? text : JSON.stringify(text),
  sent: isNumber ? text : JSON.stringify(text.toWellFormed()),
  text,
  missing: text === "",
});

const absent: Sample = { json: "null", sent: "null", text: "", missing: true };

type Samples = ReadonlyMap<string, Sample>;

const samples = (pick: Pick, names: readonly string[]): Samples =>
  new Map(names.filter(() => pick(6) > 0).map((name) => [name, sample(pick)]));

const jsonOf = (of: Samples): string =>
  `{${[...of].map(([name, { json }]) => `${JSON.stringify(name)}:${json}`).join(", ")}}`;

/** Where the values of macros come from; `item` and `n` are set within a repetition. */
export interface Known {
  readonly data: Samples;
  readonly partner: Samples;
  readonly item?: Samples;
  readonly n?: number;
}

/** A literal, or a macro as it is written with what it stands for. */
export type Part =
  | string
  | {
      readonly macro: string;
      readonly modifier: "" | "?" | "!";
      /** It stands for the item or its number. */
      readonly ofItem: boolean;
      readonly value: (known: Known) => Sample;
    };

const fields = ["a", "b", "c", "d"];

function macro(pick: Pick, inItem: boolean, modifiers: readonly ("" | "?" | "!")[]): Part {
  const modifier = one(pick, modifiers);
  const kind = pick(inItem ? 6 : 4);
  if (kind === 5)
    return { macro: "{n}", modifier: "", ofItem: true, value: ({ n }) => plain(String(n), true) };
  if (kind === 3) {
    const name = one(pick, ["secret.s", "const.c"]);
    return {
      macro: `{${name}}`,
      modifier: "",
      ofItem: false,
      value: ({ partner }) => partner.get(name) ?? absent,
    };
  }
  const root = kind === 4 ? "item" : "data";
  const field = one(pick, fields);
  const value = (known: Known): Sample => known[root]?.get(field) ?? absent;
  if (pick(6) > 0)
    return { macro: `{${root}.${field}${modifier}}`, modifier, ofItem: root === "item", value };
  const fallback = hostileText(pick);
  return {
    macro: `{${root}.${field}|default:${JSON.stringify(fallback)}}`,
    modifier: "",
    ofItem: root === "item",
    value: (known) => (value(known).missing ? plain(fallback, false) : value(known)),
  };
}

/** Literal and macros of one place. `words` are literals that stand there as they are. */
export function parts(
  pick: Pick,
  words: readonly string[],
  inItem: boolean,
  modifiers: readonly ("" | "?" | "!")[] = ["", "", "", "?", "!"],
): readonly Part[] {
  return times(1 + pick(3), () => (pick(3) === 0 ? one(pick, words) : macro(pick, inItem, modifiers)));
}

export const written = (of: readonly Part[]): string =>
  of.map((part) => (typeof part === "string" ? part : part.macro)).join("");

/** What a place becomes. */
export interface Filled {
  readonly texts: readonly string[];
  readonly dropped: boolean;
  readonly missing: boolean;
  /** The texts of macros alone. */
  readonly values: readonly string[];
  /** As a leaf of a JSON document. */
  readonly leaf: string;
}

export function filled(of: readonly Part[], known: Known): Filled {
  const macros = of.flatMap((part) => (typeof part === "string" ? [] : [part]));
  const isMissing = (modifier: string): boolean =>
    macros.some((part) => part.modifier === modifier && part.value(known).missing);
  return {
    texts: of.map((part) => (typeof part === "string" ? part : part.value(known).text)),
    dropped: isMissing("?"),
    missing: isMissing("!"),
    values: macros.map((part) => part.value(known).text),
    leaf: leafOf(of, known),
  };
}

function leafOf(of: readonly Part[], known: Known): string {
  const [first] = of;
  if (of.length === 1 && typeof first === "object") return first.value(known).sent;
  const text = of.map((part) => (typeof part === "string" ? part : part.value(known).text)).join("");
  return JSON.stringify(text.toWellFormed());
}

/** An event, its items, and the partner's own texts. */
export interface SeededEvent {
  readonly dataText: string;
  readonly known: Known;
  readonly items: readonly Samples[];
  readonly secrets: ReadonlyMap<string, string>;
  readonly constants: ReadonlyMap<string, string>;
}

export function seededEvent(pick: Pick): SeededEvent {
  const data = samples(pick, fields);
  const count = pick(40) === 0 ? 201 : pick(4);
  const items = times(count, () => samples(pick, fields));
  const secret = `s${hostileText(pick)}`;
  const constant = `c${hostileText(pick)}`;
  const list = `[${items.map(jsonOf).join(",")}]`;
  const text = jsonOf(data);
  const dataText = `${text.slice(0, -1)}${data.size === 0 ? "" : ","}"items":${list}}`;
  const partner = new Map([
    ["secret.s", plain(secret, false)],
    ["const.c", plain(constant, false)],
  ]);
  return {
    dataText,
    known: { data, partner },
    items,
    secrets: new Map([["s", secret]]),
    constants: new Map([["c", constant]]),
  };
}
