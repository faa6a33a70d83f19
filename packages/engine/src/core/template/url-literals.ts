import type { Report } from "./issue.ts";
import { braceMask, macroMask } from "./url-text.ts";

/** Name characters of foreign macros. The bounded length keeps each search linear. */
const word = String.raw`[\w.:-]{1,64}`;

/** What a macro of another platform looks like in the literal text of a URL (braces are masked). */
const foreignMacros: readonly RegExp[] = [
  new RegExp(`%%${word}%%`, "g"),
  new RegExp(`!!!${word}!!!`, "g"),
  new RegExp(`#${word}#`, "g"),
  new RegExp(`\\$${macroMask}+`, "g"),
  // These are ordinary characters too: only one that is a whole segment or a whole value is a macro left over.
  new RegExp(String.raw`(?<=[=/])\[%?${word}%?\](?=[&/?#]|$)`, "g"),
  new RegExp(String.raw`(?<=[=/])\(${word}\)(?=[&/?#]|$)`, "g"),
  new RegExp(`(?<=[=/])${braceMask}{2}${word}${braceMask}{2}(?=[&/?#]|$)`, "g"),
];

const forbidden = /[\p{Cc}\p{White_Space}\p{Noncharacter_Code_Point}\\]/gu;
const malformedPercent = /%(?![0-9A-Fa-f]{2})/g;

/** Reports what may not stand in the literal text of a URL. `masked` has the same positions as `url`. */
export function checkUrlLiterals(
  url: string,
  masked: string,
  layout: { readonly path: number; readonly fragment: number },
  report: Report,
): void {
  const foreign = new Set<number>();
  for (const pattern of foreignMacros) {
    for (const match of masked.matchAll(pattern)) {
      if (match.index < layout.path) continue;
      const end = match.index + match[0].length;
      const message = `${url.slice(match.index, end)} is another platform's macro: write {data.name}, or percent-encode it to send it as it is.`;
      report("foreign_macro", match.index, message);
      for (let index = match.index; index < end; index += 1) foreign.add(index);
    }
  }
  for (const match of masked.matchAll(forbidden)) {
    const { index } = match;
    if (!url.startsWith(match[0], index)) continue;
    const code = (match[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
    report(
      "forbidden_character",
      index,
      `U+${code} may not stand in a URL: percent-encode it (a space is %20).`,
    );
  }
  for (const match of masked.slice(0, layout.fragment).matchAll(malformedPercent)) {
    if (match.index < layout.path || foreign.has(match.index)) continue;
    report(
      "malformed_percent",
      match.index,
      '"%" needs two hexadecimal digits after it: write "%25" for a percent sign.',
    );
  }
  if (layout.fragment < url.length && !foreign.has(layout.fragment)) {
    report(
      "fragment_not_allowed",
      layout.fragment,
      'A fragment is never sent: remove it, or write "%23" for "#".',
    );
  }
}
