import {
  changing,
  type FilterFamily,
  type Filtered,
  invalid,
  notScalar,
  numbers,
  scalarText,
  textFilter,
  type ValueType,
} from "./filter.ts";
import { isJsonNumber, parseDecimal } from "./decimal.ts";

const notNumber = invalid("takes a number in JSON's form, such as 10.50, and this is none");
const notWhole = invalid("takes a whole number, and this has digits after the point");
const notBoolean = invalid("takes true, false, 1 or 0, and this is none of them");

const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** A whole number without a fraction or an exponent; `10.00` is one, `10.50` is not. */
function whole(text: string): Filtered {
  const decimal = parseDecimal(text);
  if (decimal === null) return notNumber;
  if (decimal.scale === 0) return { json: String(decimal.coefficient) };
  const unit = 10n ** BigInt(decimal.scale);
  if (decimal.coefficient % unit !== 0n) return notWhole;
  return { json: String(decimal.coefficient / unit) };
}

const booleans: readonly ValueType[] = ["any", "text", "number", "boolean"];

/** Filters that change the type of a value, for JSON documents. `num` keeps the digits: `"10.50"` becomes `10.50`. */
export const castFilters: FilterFamily = {
  num: {
    usage: "|num",
    parameters: [],
    takes: numbers,
    bind: () => changing((text) => (isJsonNumber(text) ? { json: text } : notNumber), { gives: "number" }),
  },
  int: {
    usage: "|int",
    parameters: [],
    takes: numbers,
    bind: () => changing(whole, { gives: "number" }),
  },
  text: textFilter("|text", (text) => text),
  bool: {
    usage: '|bool or |bool:"1","0"',
    parameters: [
      { kinds: ["text"], optional: true },
      { kinds: ["text"], optional: true },
    ],
    takes: booleans,
    bind: ([yes, no]) => {
      if (yes !== undefined && no === undefined)
        return { argument: 0, message: 'Write both texts, the one for true first: |bool:"1","0".' };
      const whenTrue = yes?.kind === "text" ? yes.text : { json: "true" };
      const whenFalse = no?.kind === "text" ? no.text : { json: "false" };
      return {
        gives: yes === undefined ? "boolean" : "text",
        empties: whenTrue === "" || whenFalse === "",
        apply: (value) => {
          const text = scalarText(value);
          if (text === null) return notScalar;
          const truth = truths.get(text.toLowerCase());
          if (truth === undefined) return notBoolean;
          return truth ? whenTrue : whenFalse;
        },
      };
    },
  },
};
