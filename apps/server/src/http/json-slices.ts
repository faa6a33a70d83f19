/**
 * Cuts values out of a JSON text as they stand, so that what is stored is what was sent: a number keeps all its digits,
 * which a parse and a stringify would lose. The texts must be known to be JSON: nothing is checked here.
 */

const quote = 0x22;
const backslash = 0x5c;

/**
 * The text of an object's own member, the last one where it is repeated, as `JSON.parse` has it; null where there is none.
 *
 * @example memberText('{"data":{"a":1.50}, "b":2}', "data") // '{"a":1.50}'
 */
export function memberText(json: string, name: string): string | null {
  let found: string | null = null;
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (json.charCodeAt(at) === quote) {
    const keyEnd = stringEnd(json, at);
    const key = json.slice(at + 1, keyEnd - 1);
    const valueAt = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = valueEnd(json, valueAt);
    if (key === name || (key.includes("\\") && JSON.parse(`"${key}"`) === name))
      found = json.slice(valueAt, end);
    at = skipSpace(json, end);
    if (json[at] === ",") at = skipSpace(json, at + 1);
  }
  return found;
}

/**
 * The texts of the elements of an array.
 *
 * @example elementTexts('[{"a":1.50}, 2]') // ['{"a":1.50}', '2']
 */
export function elementTexts(json: string): string[] {
  const texts: string[] = [];
  let next = skipSpace(json, skipSpace(json, 0) + 1);
  while (json[next] !== "]") {
    const end = valueEnd(json, next);
    texts.push(json.slice(next, end));
    next = skipSpace(json, end);
    if (json[next] === ",") next = skipSpace(json, next + 1);
  }
  return texts;
}

/** The index after the value that begins at `at`. A loop, not a recursion: depth is the sender's choice. */
function valueEnd(json: string, at: number): number {
  const first = json[at];
  if (first === '"') return stringEnd(json, at);
  if (first !== "{" && first !== "[") {
    let end = at;
    while (end < json.length && !",]} \t\r\n".includes(json[end] as string)) end += 1;
    return end;
  }
  let depth = 0;
  for (let i = at; ; i += 1) {
    const code = json.charCodeAt(i);
    if (code === quote) i = stringEnd(json, i) - 1;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
}

/** The index after the string whose opening quote is at `at`. */
function stringEnd(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); ; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
}

function skipSpace(json: string, at: number): number {
  let next = at;
  while (next < json.length && json.charCodeAt(next) <= 0x20) next += 1;
  return next;
}
