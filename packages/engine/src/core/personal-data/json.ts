import { decodeString, endOfString, skipSpace } from "../json-text.ts";
import type { KindSet } from "./kinds.ts";
import { hintOf, type NameHint, noHint } from "./names.ts";
import { personalKindsIn } from "./scan.ts";

const number = /-?\d[\d.eE+-]*/y;
const colon = 0x3a;

/**
 * What the strings, numbers and keys of JSON text look like they hold. A key says what the digits under it are, as the
 * last name of a macro's path does. One pass, however deep the text is nested; the text must be valid JSON.
 *
 * @example personalKindsInJson('{"user":{"phone":"4155552671"}}', everyKind) // kindBits.phone
 */
export function personalKindsInJson(json: string, look: KindSet): KindSet {
  let found: KindSet = 0;
  let hint: NameHint = noHint;
  for (let at = 0; at < json.length && found !== look; at += 1) {
    const code = json.charCodeAt(at);
    if (code === 0x22) {
      const end = endOfString(json, at);
      if (end === -1) break;
      const text = decodeString(json.slice(at, end));
      const isKey = json.charCodeAt(skipSpace(json, end)) === colon;
      if (isKey) hint = hintOf(text);
      found |= personalKindsIn(text, look & ~found, isKey ? noHint : hint);
      at = end - 1;
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      number.lastIndex = at;
      const text = number.exec(json)?.[0] ?? "";
      found |= personalKindsIn(text, look & ~found, hint);
      at += Math.max(text.length, 1) - 1;
    } else if (code === 0x7d) {
      hint = noHint;
    }
  }
  return found;
}
