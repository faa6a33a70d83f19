/**
 * Words that stand in examples for what the reader has to put in: `YOUR_CLICK_ID`, `REPLACE_ME`, `INSERT_TOKEN_HERE`,
 * `xxxx`.
 *
 * @packageDocumentation
 */
import { isExampleName, isKnownName, plainName } from "./names.ts";

export interface Placeholder {
  /** As it stands. */
  readonly text: string;
  /** What it stands for, without the words around: `CLICK_ID`. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const wordLike = /(?<![A-Za-z0-9_%{}])[A-Za-z][\w-]{2,79}(?![A-Za-z0-9_{}])/g;

const capitals = /^[A-Z0-9_-]+$/;
const around =
  /^(?:please[_-])?(?:insert|replace|change|put|enter|add|set)?[_-]?(?:this|with|by|me|to)?[_-]?(?:your|my|the)?[_-]?/i;
const here = /[_-]?(?:goes[_-])?here$/i;
const yours = /^(?:your[_-]|MY_)|^YOUR[_-]/;
const command = /^(?:insert|replace|change|put|enter)[_-]/i;
const replaceMe = /^(?:replace|change)[_-]?(?:me|this|it)(?:[_-].*)?$/i;
const crosses = /^[xX]{4,}(?:-[xX]{2,})*$/;
/** `UA-XXXXXXX-1`: a number of one's own account, its digits left out. */
const crossedOut = /^[A-Z]{1,4}-[X]{4,}(?:-\d{1,2})?$/;

/** What a placeholder stands for, or null if the word is none. */
function nameIn(word: string, inProse: boolean): string | null {
  if (crosses.test(word) || crossedOut.test(word)) return inProse ? null : word;
  const shouted = capitals.test(word);
  const name = word.replace(around, "").replace(here, "");
  if (replaceMe.test(word)) return shouted || !inProse ? (name === "" ? word : name) : null;
  if (yours.test(word) && (shouted || (isExampleName(name) && !inProse))) return name === "" ? word : name;
  const asked =
    command.test(word) && (isExampleName(name) || here.test(word) || /^[a-z]+[_-]your[_-]/i.test(word));
  if (asked && (shouted || !inProse)) return name === "" ? word : name;
  return here.test(word) && isKnownName(name) && plainName(name) !== plainName(word) && shouted ? name : null;
}

/**
 * The placeholders in one text, in order. In prose only those in capitals are taken, and no `xxxx`.
 *
 * @param text own macros in it are blotted out
 * @example findPlaceholders("YOUR_CLICK_ID", false) // [{ text: "YOUR_CLICK_ID", name: "CLICK_ID", start: 0, end: 13 }]
 */
export function findPlaceholders(text: string, inProse: boolean): readonly Placeholder[] {
  const found: Placeholder[] = [];
  for (const match of text.matchAll(wordLike)) {
    const name = nameIn(match[0], inProse);
    if (name === null) continue;
    found.push({ text: match[0], name, start: match.index, end: match.index + match[0].length });
  }
  return found;
}
