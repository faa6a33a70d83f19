import type { MacroPlace } from "./syntaxes.ts";

/** A text between two delimiters of a URL. */
export interface UrlValue {
  readonly text: string;
  readonly start: number;
  /** The place of a macro that is the whole text, and of one that is a part of it. */
  readonly whole: MacroPlace;
  readonly part: MacroPlace;
  /** The name of the parameter before a value, or null. */
  readonly name: string | null;
}

/** The position after the host of a URL; 0 if it has no scheme. */
export function pathStart(url: string): number {
  const scheme = /^\s{0,8}[a-z]{2,8}:\/\//i.exec(url)?.[0].length;
  if (scheme === undefined) return 0;
  const after = url.slice(scheme).search(/[/?#]/);
  return after === -1 ? url.length : scheme + after;
}

const between = /[^/?&=]+/g;

/**
 * The texts between `/`, `?`, `&` and `=` from the path on. A URL in a value is cut too, so that what stands in its
 * path and its values is seen as such. `#` does not cut: it begins macros.
 *
 * @param url own macros in it are blotted out
 */
export function urlValues(url: string): readonly UrlValue[] {
  const from = pathStart(url);
  const query = url.indexOf("?", from);
  const values: UrlValue[] = [];
  let name: string | null = null;
  between.lastIndex = from;
  for (let match = between.exec(url); match !== null; match = between.exec(url)) {
    const [text] = match;
    const start = match.index;
    if (url[start - 1] === "&" || url[start - 1] === "?") name = null;
    const inQuery = query !== -1 && start > query;
    if (inQuery && url[start + text.length] === "=") {
      values.push({ text, start, whole: "name", part: "name", name: null });
      name = text;
    } else {
      const whole = inQuery ? "value" : "segment";
      values.push({ text, start, whole, part: "within", name });
    }
  }
  return values;
}
