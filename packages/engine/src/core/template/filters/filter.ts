import type { Words } from "../issue.ts";
import type { Root } from "../roots.ts";
import { isMissing, type Value } from "../value.ts";

/**
 * What a filter takes and gives, as far as it is known when a template is compiled.
 *
 * `any`: a value of the event, of which nothing is known. `text`: a text, which may hold a number or a time. `number` and
 * `boolean`: of JSON. `time`: an RFC 3339 text in the zone that `tz` chose. `digest`: the bytes of a hash. `code`: a text
 * that can be neither a number nor a time, such as hexadecimal digits, JSON text or escaped text.
 */
export type ValueType = "any" | "text" | "number" | "boolean" | "time" | "digest" | "code";

/** For filters that work on a text: a number or a boolean is taken as it is written. */
export const texts: readonly ValueType[] = ["any", "text", "number", "boolean", "time", "code"];
/** For filters that work on a decimal number, or a text that holds one. */
export const numbers: readonly ValueType[] = ["any", "text", "number"];
/** For filters that work on an instant. */
export const instants: readonly ValueType[] = ["any", "text", "number", "time"];

/** A path that is written as an argument: `secret.key`, `data.currency`, `item.qty`. */
export interface PathSource {
  readonly name: string;
  readonly root: Root;
  readonly segments: readonly string[];
}

/** An argument as it is written: `"text"`, a number, `true` or `false`, a JSON object, or a path. */
export type Argument =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "boolean"; readonly text: string }
  | { readonly kind: "object"; readonly json: string }
  | { readonly kind: "path"; readonly path: PathSource };

/** One argument that a filter takes; the reader checks its kind. */
export interface ParameterForm {
  readonly kinds: readonly Argument["kind"][];
  readonly optional?: boolean;
  /** The path must be a secret of the partner; without this it must be none, because what is made of it is shown. */
  readonly isKey?: boolean;
}

/** A filter fails for a value: the words say what is wrong, and never hold the value. */
export interface Invalid {
  readonly invalid: string;
}

/** What a filter makes of a value. */
export type Filtered = Value | Invalid;

/** Says that a filter cannot do what it promises. The words complete the sentence "the filter …". */
export function invalid(words: string): Invalid {
  return { invalid: words };
}

/** Whether a filter failed. */
export function isInvalid(value: Filtered): value is Invalid {
  return typeof value === "object" && "invalid" in value;
}

/** A filter with its arguments taken in. `operand` is the value of the path among its arguments, if it has one. */
export interface BoundFilter {
  readonly apply: (value: Value, operand: Value) => Filtered;
  readonly gives: ValueType;
  /** The path whose value `apply` needs. */
  readonly operand?: PathSource;
  /** A missing value becomes a present one. Only such a filter is asked about missing values. Default false. */
  readonly fills?: boolean;
  /** A present value may become a missing one. Default false. */
  readonly empties?: boolean;
}

/** Why an argument cannot be taken: its place among the arguments, and words for the operator. */
export interface ArgumentFault {
  readonly argument: number;
  readonly message: Words;
}

/**
 * A filter of the language: pure and total. To add one, add a row to the table of its family; the reader of macros
 * checks the arguments and the types, and the renderer applies filters from left to right.
 */
export interface FilterDefinition {
  /** How the filter is written, for messages: it begins with `|`. */
  readonly usage: string;
  readonly parameters: readonly ParameterForm[];
  readonly takes: readonly ValueType[];
  readonly bind: (args: readonly Argument[], input: ValueType) => BoundFilter | ArgumentFault;
}

/** The filters of one family by name. */
export type FilterFamily = Readonly<Record<string, FilterDefinition>>;

/** A filter with its arguments, as it stands in a macro. */
export interface AppliedFilter {
  readonly name: string;
  readonly filter: BoundFilter;
}

/** The longest text that a filter may make: an event is much shorter, so only a chain of filters gets there. */
export const longestText = 1_048_576;

/** The value as a text, or null for an object or a list, which has no text of its own. */
export function scalarText(value: Value): string | null {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  const first = value.json.charCodeAt(0);
  return first === 0x7b || first === 0x5b ? null : value.json;
}

/** The failure of a filter that was given an object or a list. */
export const notScalar = invalid("takes a text or a number, and this is an object or a list");

/** A filter without arguments that makes one text of another. */
export function textFilter(
  usage: string,
  change: (text: string) => Filtered,
  also: { readonly gives?: ValueType; readonly empties?: boolean } = {},
): FilterDefinition {
  const bound = changing(change, also);
  return { usage, parameters: [], takes: texts, bind: () => bound };
}

/** A bound filter that works on the value's text. */
export function changing(
  change: (text: string, operand: Value) => Filtered,
  also: Partial<Omit<BoundFilter, "apply">> = {},
): BoundFilter {
  return {
    gives: "text",
    ...also,
    apply: (value, operand) => {
      const text = scalarText(value);
      return text === null ? notScalar : change(text, operand);
    },
  };
}

/** The whole number in an argument, or null if it is none from `least` to `most`. */
export function wholeNumber(argument: Argument | undefined, least: number, most: number): number | null {
  if (argument?.kind !== "number" || !/^\d{1,7}$/.test(argument.text)) return null;
  const number = Number(argument.text);
  return number >= least && number <= most ? number : null;
}

/** The value of a text, number or boolean argument. */
export function scalarOf(argument: Argument | undefined): Value {
  if (argument === undefined || argument.kind === "path" || argument.kind === "object") return undefined;
  return argument.kind === "text" ? argument.text : { json: argument.text };
}

/** Where the value of a filter's operand is: among the values of the template, or known since it was compiled. */
export type OperandPlace = number | { readonly text: Value } | null;

/** A filter ready to be applied. */
export interface PlannedFilter extends AppliedFilter {
  readonly operand: OperandPlace;
}

/**
 * The value after the filters, from left to right. A missing value passes by all but those that fill it. `values` are
 * those of the template so far.
 */
export function applyFilters(
  value: Value,
  filters: readonly PlannedFilter[],
  values: readonly Value[],
): Filtered {
  let current = value;
  for (const { name, filter, operand } of filters) {
    if (filter.fills !== true && isMissing(current)) continue;
    const given = typeof operand === "number" ? values[operand] : operand?.text;
    const next = filter.apply(current, given);
    if (isInvalid(next)) return invalid(`|${name} ${next.invalid}`);
    if (typeof next === "string" && next.length > longestText) {
      return invalid(`|${name} would make a text of more than ${longestText} characters`);
    }
    current = next;
  }
  return current;
}
