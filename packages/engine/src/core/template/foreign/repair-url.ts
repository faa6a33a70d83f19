import { findEntities } from "./entities.ts";
import { maskOwnMacros } from "./own-macros.ts";
import { pathStart } from "./url-values.ts";

/** What was put right in a pasted text before its macros were read. */
export interface Repair {
  readonly found: string;
  readonly written: string;
}

const wrappings = [
  ['"', '"'],
  ["'", "'"],
  ["`", "`"],
  ["<", ">"],
] as const;
/** Entities of entities: a page in a page in a page. */
const deepestEntities = 4;

/**
 * The URL in a pasted text: without quotes, line breaks and HTML entities around and in it. Own macros stay as they are.
 *
 * @example repairUrl('"https://t.example/?a=1&amp;b=2"').url // "https://t.example/?a=1&b=2"
 */
export function repairUrl(text: string): { readonly url: string; readonly repairs: readonly Repair[] } {
  const repairs: Repair[] = [];
  let url = text.trim();
  const wrapping = wrappings.find(
    ([open, close]) => url.startsWith(open) && url.endsWith(close) && url.length > 2,
  );
  if (wrapping) url = url.slice(1, -1).trim();
  const joined = url.replaceAll(/[^\S\n]*\n\s*/g, "");
  if (joined !== url) repairs.push({ found: "line breaks", written: "one line" });
  url = joined;
  if (/^https?%3A%2F%2F/i.test(url)) {
    const decoded = decodeWhole(url);
    if (decoded !== null) {
      repairs.push({ found: "a URL that is percent-encoded as a whole", written: "the URL" });
      url = decoded;
    }
  }
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}(?:[/?]|$)/i.test(url)) {
    repairs.push({ found: "no scheme", written: "https://" });
    url = `https://${url}`;
  }
  for (let round = 0; round < deepestEntities; round += 1) {
    const entities = findEntities(maskOwnMacros(url), pathStart(url));
    if (entities.length === 0) break;
    let decoded = "";
    let at = 0;
    for (const { text: found, written, start, end } of entities) {
      if (start < at) continue;
      decoded += url.slice(at, start) + written;
      at = end;
      repairs.push({ found, written });
    }
    url = decoded + url.slice(at);
  }
  return { url, repairs: distinct(repairs) };
}

function decodeWhole(url: string): string | null {
  try {
    return decodeURIComponent(url);
  } catch {
    return null;
  }
}

function distinct(repairs: readonly Repair[]): readonly Repair[] {
  return [...new Map(repairs.map((repair) => [`${repair.found}\n${repair.written}`, repair])).values()];
}
