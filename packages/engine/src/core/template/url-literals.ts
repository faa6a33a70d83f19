import type { Report } from "./issue.ts";

const forbidden = /[\p{Cc}\p{White_Space}\p{Noncharacter_Code_Point}\\]/gu;
const malformedPercent = /%(?![0-9A-Fa-f]{2})/g;

/** Reports what may not stand in the literal text of a URL. `masked` has the same positions as `url`. */
export function checkUrlLiterals(
  url: string,
  masked: string,
  layout: { readonly path: number; readonly fragment: number },
  report: Report,
): void {
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
    if (match.index < layout.path) continue;
    report(
      "malformed_percent",
      match.index,
      '"%" needs two hexadecimal digits after it: write "%25" for a percent sign.',
    );
  }
  if (layout.fragment < url.length) {
    report(
      "fragment_not_allowed",
      layout.fragment,
      'A fragment is never sent: remove it, or write "%23" for "#".',
    );
  }
}
