import type { Report } from "./issue.ts";
import { lex } from "./lex.ts";
import type { MacroRegistry } from "./macro-registry.ts";
import { plainPlace } from "./places.ts";
import type { HeaderPlan } from "./plan.ts";

/**
 * Header names a template may not set, in lower case: those of the connection (RFC 9110 section 7.6.1), those the
 * transport computes, and `expect`.
 */
export const forbiddenHeaders: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Beginnings of further forbidden names: proxies' own, and those that carry Postrider's signature. */
export const forbiddenHeaderPrefixes: readonly string[] = ["proxy-", "webhook-"];

/** The most characters a header template may have. */
const longestHeader = 8000;

/** `token` of RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~\w]+$/;
const unsendable = /[^\t\u0020-\u007E]/g;

/**
 * Whether a template may not set the header `name` (any case).
 *
 * @example isForbiddenHeader("Webhook-Id") // true
 */
export function isForbiddenHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    forbiddenHeaders.includes(lower) || forbiddenHeaderPrefixes.some((prefix) => lower.startsWith(prefix))
  );
}

/** Whether `value` may be sent in a header: visible ASCII, spaces and tabs (RFC 9110 section 5.5). */
export function isHeaderValue(value: string): boolean {
  return value.search(unsendable) === -1;
}

function checkName(name: string, taken: boolean, report: Report): void {
  if (!token.test(name)) {
    report("invalid_header_name", 0, "A header name has letters, digits and hyphens only (RFC 9110 token).");
  } else if (isForbiddenHeader(name)) {
    report(
      "forbidden_header",
      0,
      "Postrider or the HTTP client sets this header: remove it from the template.",
    );
  } else if (taken) {
    report("duplicate_header", 0, "This header is given twice, in different case: keep one.");
  }
}

/** Compiles one header. */
function compileHeader(name: string, value: string, macros: MacroRegistry, report: Report): HeaderPlan {
  if (value.length > longestHeader) {
    report(
      "forbidden_character",
      longestHeader,
      `A header has at most ${longestHeader} characters: use the body.`,
    );
  }
  const parts = lex(value.slice(0, longestHeader), report);
  for (const part of parts) {
    const at = part.kind === "literal" ? part.text.search(unsendable) : -1;
    if (at !== -1) {
      report(
        "forbidden_character",
        part.start + at,
        "A header value has visible ASCII characters, spaces and tabs only.",
      );
    }
  }
  return { name: name.toLowerCase(), ...macros.parameter(parts, plainPlace, report) };
}

/** Compiles the headers in the order they are written. `reportFor` files issues under one header. */
export function compileHeaders(
  headers: Readonly<Record<string, string>>,
  macros: MacroRegistry,
  reportFor: (field: string) => Report,
): readonly HeaderPlan[] {
  const taken = new Set<string>();
  return Object.entries(headers).map(([name, value]) => {
    const report = reportFor(`headers.${name}`);
    checkName(name, taken.has(name.toLowerCase()), report);
    taken.add(name.toLowerCase());
    return compileHeader(name, value, macros, report);
  });
}
