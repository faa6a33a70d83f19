import { nearestName } from "@postrider/contract";
import { textOf, type Value } from "../value.ts";
import { currencyCodes, currencyDigits } from "./currencies.ts";
import { type Decimal, formatDecimal, multiply, parseDecimal, rescale, roundTo } from "./decimal.ts";
import {
  type Argument,
  type ArgumentFault,
  type BoundFilter,
  changing,
  type FilterDefinition,
  type FilterFamily,
  type Filtered,
  invalid,
  type Invalid,
  numbers,
  wholeNumber,
} from "./filter.ts";

const notDecimal = invalid(
  "takes a decimal number such as 10.50, of at most 64 characters, and this is none",
);
const digitLost = invalid("would lose a digit that is not zero: put |round before it if that is meant");
const noCurrency = invalid(
  "takes the code of a currency of ISO 4217 as its argument, and this event has none there",
);
const noFactor = invalid("takes a decimal number as its argument, and this event has none there");

/** The most digits after the point that one can ask for. */
const mostDigits = 18;

const number = (decimal: Decimal | null): Filtered =>
  decimal === null ? digitLost : { json: formatDecimal(decimal) };

/** A bound filter on exact decimals; it gives a JSON number. */
function onDecimals(
  change: (decimal: Decimal, operand: Value) => Filtered,
  also: Partial<BoundFilter> = {},
): BoundFilter {
  const apply = (text: string, operand: Value): Filtered => {
    const decimal = parseDecimal(text);
    return decimal === null ? notDecimal : change(decimal, operand);
  };
  return changing(apply, { gives: "number", ...also });
}

/** The digits of the currency that the argument names, now or when the event is known. */
function bindCurrency(
  argument: Argument | undefined,
  change: (decimal: Decimal, digits: number) => Filtered,
): BoundFilter | ArgumentFault {
  if (argument?.kind === "path") {
    const digitsOf = (operand: Value): number | Invalid => currencyDigits(textOf(operand)) ?? noCurrency;
    return onDecimals(
      (decimal, operand) => {
        const digits = digitsOf(operand);
        return typeof digits === "number" ? change(decimal, digits) : digits;
      },
      { operand: argument.path },
    );
  }
  const code = argument?.kind === "text" ? argument.text : "";
  const digits = argument?.kind === "number" ? wholeNumber(argument, 0, mostDigits) : currencyDigits(code);
  if (digits !== null) return onDecimals((decimal) => change(decimal, digits));
  return { argument: 0, message: () => unknownCurrency(code) };
}

function unknownCurrency(code: string): string {
  const near = nearestName(code, currencyCodes);
  const hint = near === null || code === "" ? "" : ` Did you mean "${near}"?`;
  return `Name a currency of ISO 4217 ("EUR"), a path that has one (data.currency), or the digits after the point (2).${hint}`;
}

const currencyKinds = ["text", "path", "number"] as const;

function currencyFilter(
  usage: string,
  change: (decimal: Decimal, digits: number) => Filtered,
): FilterDefinition {
  return {
    usage,
    parameters: [{ kinds: currencyKinds }],
    takes: numbers,
    bind: ([argument]) => bindCurrency(argument, change),
  };
}

function digitsFilter(
  usage: string,
  change: (decimal: Decimal, digits: number) => Filtered,
): FilterDefinition {
  return {
    usage,
    parameters: [{ kinds: ["number"] }],
    takes: numbers,
    bind: ([argument]) => {
      const digits = wholeNumber(argument, 0, mostDigits);
      if (digits === null)
        return { argument: 0, message: `Write a whole number from 0 to ${mostDigits}: ${usage}.` };
      return onDecimals((decimal) => change(decimal, digits));
    },
  };
}

function bindTimes(argument: Argument | undefined): BoundFilter | ArgumentFault {
  if (argument?.kind === "path") {
    return onDecimals(
      (decimal, operand) => {
        const factor = parseDecimal(textOf(operand));
        return factor === null ? noFactor : number(multiply(decimal, factor));
      },
      { operand: argument.path },
    );
  }
  const factor = argument?.kind === "number" ? parseDecimal(argument.text) : null;
  if (factor === null)
    return { argument: 0, message: "Write a number or a path: |times:100 or |times:item.qty." };
  return onDecimals((decimal) => number(multiply(decimal, factor)));
}

function plain(usage: string, change: (decimal: Decimal) => Decimal): FilterDefinition {
  const bound = onDecimals((decimal) => number(change(decimal)));
  return { usage, parameters: [], takes: numbers, bind: () => bound };
}

/** Minor units to major ones; fractions of a minor unit (a click of 1.5 cents) stay exact. */
function toMajor({ coefficient, scale }: Decimal, digits: number): Filtered {
  const decimal = { coefficient, scale: scale + digits };
  return number(rescale(decimal, digits) ?? decimal);
}

const absolute = ({ coefficient, scale }: Decimal): Decimal => ({
  coefficient: coefficient < 0n ? -coefficient : coefficient,
  scale,
});

/**
 * Filters on amounts of money, exact on decimal text. Each takes a number or a text that holds one, and gives a number; a
 * digit that would be lost is a failure, only `round` drops digits.
 */
export const moneyFilters: FilterFamily = {
  major: currencyFilter('|major:"EUR"', toMajor),
  minor: currencyFilter('|minor:"EUR"', ({ coefficient, scale }, digits) =>
    number(rescale(multiply({ coefficient, scale }, { coefficient: 10n ** BigInt(digits), scale: 0 }), 0)),
  ),
  scale: digitsFilter("|scale:2", (decimal, digits) => number(rescale(decimal, digits))),
  round: digitsFilter("|round:2", (decimal, digits) => number(roundTo(decimal, digits))),
  times: {
    usage: "|times:100 or |times:item.qty",
    parameters: [{ kinds: ["number", "path"] }],
    takes: numbers,
    bind: ([argument]) => bindTimes(argument),
  },
  abs: plain("|abs", absolute),
  neg: plain("|neg", ({ coefficient, scale }) => ({ coefficient: -coefficient, scale })),
};
