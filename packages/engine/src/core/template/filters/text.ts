import {
  type ArgumentFault,
  type BoundFilter,
  changing,
  type FilterFamily,
  invalid,
  longestText,
  textFilter,
  texts,
  wholeNumber,
} from "./filter.ts";

const notDigits = /[^0-9]+/g;
const longestCut = 1_000_000;

/** The first `count` characters (code points, so that no pair of surrogates is cut in two). */
function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let left = count; left > 0 && end < text.length; left -= 1) {
    end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

function bindReplace(search: string, replacement: string): BoundFilter | ArgumentFault {
  if (search === "") return { argument: 0, message: "Nothing to search for: give a text that is not empty." };
  const growth = replacement.length - search.length;
  return changing(
    (text) => {
      // Before the text is made: a long replacement of a short text could take gigabytes.
      if (growth > 0 && text.length + growth * (text.length / search.length) > longestText) {
        const parts = text.split(search).length - 1;
        if (text.length + growth * parts > longestText) return invalid("would make a text that is too long");
      }
      return text.replaceAll(search, () => replacement);
    },
    { empties: replacement === "" },
  );
}

/**
 * Filters on texts. A number is taken as it is written; an object or a list fails.
 *
 * `lower` and `upper` follow Unicode and no language; `trim` removes white space at both ends; `digits` keeps `0` to `9`.
 */
export const textFilters: FilterFamily = {
  lower: textFilter("|lower", (text) => text.toLowerCase()),
  upper: textFilter("|upper", (text) => text.toUpperCase()),
  trim: textFilter("|trim", (text) => text.trim(), { empties: true }),
  digits: textFilter("|digits", (text) => text.replace(notDigits, ""), { empties: true }),
  truncate: {
    usage: "|truncate:100",
    parameters: [{ kinds: ["number"] }],
    takes: texts,
    bind: ([argument]) => {
      const count = wholeNumber(argument, 1, longestCut);
      if (count === null)
        return { argument: 0, message: `Write a whole number from 1 to ${longestCut}: |truncate:100.` };
      return changing((text) => firstCharacters(text, count));
    },
  },
  replace: {
    usage: '|replace:"a","b"',
    parameters: [{ kinds: ["text"] }, { kinds: ["text"] }],
    takes: texts,
    bind: ([search, replacement]) =>
      search?.kind === "text" && replacement?.kind === "text"
        ? bindReplace(search.text, replacement.text)
        : { argument: 0, message: 'Write two texts: |replace:"a","b".' },
  },
};
