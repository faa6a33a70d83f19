import { guardUrl } from "./guard.ts";
import type { Report } from "./issue.ts";
import { isEscapedBrace, lex, type Part } from "./lex.ts";
import type { MacroRegistry } from "./macro-registry.ts";
import { formPlace, pathPlace, queryPlace, type Place } from "./places.ts";
import type { Parameter, Piece, UrlPlan } from "./plan.ts";
import { dotSegment, longestUrl, macroMask, maskParts, partsBetween, splitParts } from "./url-text.ts";
import { checkUrlLiterals } from "./url-literals.ts";

/** A compiled URL, its fixed origin, and the query's parameters when they are to become a form. */
export interface CompiledUrl {
  readonly origin: string;
  readonly plan: UrlPlan;
  readonly form: readonly Parameter[];
}

/** Where the sections of a URL begin, as positions in the source. */
interface Layout {
  readonly authority: number;
  readonly path: number;
  readonly query: number;
  readonly fragment: number;
}

function reportTooLong(position: number, report: Report): void {
  const message = `A URL has at most ${longestUrl} characters, once encoded: send long values in the body.`;
  report("url_too_long", position, message);
}

function layOut(masked: string, authority: number): Layout {
  const after = masked.slice(authority).search(/[/?#]/);
  const path = after === -1 ? masked.length : authority + after;
  const hash = masked.indexOf("#", path);
  const fragment = hash === -1 ? masked.length : hash;
  const mark = masked.indexOf("?", path);
  return { authority, path, query: mark === -1 || mark > fragment ? fragment : mark, fragment };
}

const placeRemedies = {
  scheme: "begin the URL with https://",
  "user info": "send credentials in the authorization header",
  host: "write the host out and make one endpoint per host, so that no event can choose where it goes",
  port: "write the port out",
  fragment: "remove the fragment, it is never sent",
  "parameter's name": "write name={macro}",
} as const;

function refuseMacros(parts: readonly Part[], place: keyof typeof placeRemedies, report: Report): void {
  for (const part of parts) {
    if (part.kind !== "macro") continue;
    report("macro_not_allowed", part.start, `No macro may stand in the ${place}: ${placeRemedies[place]}.`);
  }
}

/** The position after `://`, or -1 when the URL does not begin with http:// or https://. */
function readScheme(masked: string, parts: readonly Part[], report: Report): number {
  const scheme = /^https?:\/\//i.exec(masked)?.[0];
  if (scheme !== undefined) return scheme.length;
  const colon = masked.indexOf("://");
  if (masked.startsWith(macroMask) || masked.slice(0, Math.max(colon, 0)).includes(macroMask)) {
    refuseMacros(partsBetween(parts, 0, colon === -1 ? 1 : colon), "scheme", report);
  } else {
    report(
      "invalid_scheme",
      0,
      "A URL begins with https:// (or http:// where the target is allowed to be plain).",
    );
  }
  return -1;
}

/** The origin written in the authority, or null (reported) when it is not a fixed host and port. */
function readOrigin(masked: string, layout: Layout, parts: readonly Part[], report: Report): string | null {
  const authority = masked.slice(layout.authority, layout.path);
  const at = authority.lastIndexOf("@");
  if (at !== -1) {
    report(
      "user_info_not_allowed",
      layout.authority,
      "No user name or password in a URL: send credentials in the authorization header.",
    );
  }
  const host = layout.authority + at + 1;
  const colon = /:[^:\]]*$/.exec(authority.slice(at + 1))?.index;
  const port = colon === undefined ? layout.path : host + colon;
  refuseMacros(partsBetween(parts, layout.authority, host), "user info", report);
  refuseMacros(partsBetween(parts, host, port), "host", report);
  refuseMacros(partsBetween(parts, port, layout.path), "port", report);
  if (at !== -1 || authority.includes(macroMask)) return null;
  const origin = `${masked.slice(0, layout.authority)}${authority}`;
  if (authority !== "" && URL.canParse(origin)) return new URL(origin).origin;
  report(
    "invalid_host",
    layout.authority,
    "Not a host name or address with an optional port: write it like partner.example:8443.",
  );
  return null;
}

function compilePath(
  parts: readonly Part[],
  macros: MacroRegistry,
  report: Report,
): (string | readonly Piece[])[] {
  const segments = splitParts(parts, "/").slice(1);
  if (segments.length === 0) return [""];
  return segments.map((segment) => {
    const { pieces, optional } = macros.parameter(segment, pathPlace, report);
    const start = segment[0]?.start ?? 0;
    for (const part of segment) {
      if (part.kind === "macro" && part.macro?.modifier === "optional") {
        report(
          "optional_in_path",
          part.start,
          'There is nothing to drop in a path: use "!" or |default:"text".',
        );
      }
    }
    // A segment with a macro is looked at when it is rendered, also if the macro is a text of the partner.
    if (optional.length > 0 || segment.some((part) => part.kind === "macro")) return pieces;
    const text = pieces.join("");
    if (dotSegment.test(text)) {
      report(
        "dot_segment",
        start,
        'A "." or ".." segment is rewritten by HTTP clients: write the final path.',
      );
    }
    return text;
  });
}

function compileQuery(
  parts: readonly Part[],
  place: Place,
  macros: MacroRegistry,
  report: Report,
): Parameter[] {
  return splitParts(parts, "&").map((parameter) => {
    const value = parameter.findIndex(
      (part) => part.kind === "literal" && !isEscapedBrace(part) && part.text.includes("="),
    );
    refuseMacros(value === -1 ? parameter : parameter.slice(0, value), "parameter's name", report);
    return macros.parameter(parameter, place, report);
  });
}

function constantText(path: UrlPlan["path"], query: readonly Parameter[]): string | null {
  const isConstant = (piece: Piece): piece is string => typeof piece === "string";
  if (!path.every((segment) => typeof segment === "string" || segment.every(isConstant))) return null;
  if (!query.every(({ pieces }) => pieces.every(isConstant))) return null;
  const segments = path.map((segment) => (typeof segment === "string" ? segment : segment.join("")));
  const search = query.map(({ pieces }) => pieces.join("")).join("&");
  return `/${segments.join("/")}${query.length === 0 ? "" : `?${search}`}`;
}

/** The whole URL, if nothing of it comes from an event. A text of the partner can make one that must not be sent. */
function constantUrl(
  origin: string,
  path: UrlPlan["path"],
  query: readonly Parameter[],
  macros: MacroRegistry,
  report: Report,
): string | null {
  const text = constantText(path, query);
  if (text === null) return null;
  const url = origin + text;
  if (macros.usesPartnerTexts) return guardUrl(url, origin) === null ? url : null;
  if (url.length > longestUrl) reportTooLong(0, report);
  return url;
}

/**
 * Compiles a URL template. It is read as written, before any URL parser sees it (the WHATWG parser rewrites braces).
 * With `asForm` the query's parameters are taken out of the URL and returned as `form`. Null after a report.
 */
export function compileUrl(
  url: string,
  asForm: boolean,
  macros: MacroRegistry,
  report: Report,
): CompiledUrl | null {
  if (url.length > longestUrl) {
    reportTooLong(longestUrl, report);
    return null;
  }
  const parts = lex(url, report);
  const masked = maskParts(parts);
  const authority = readScheme(masked, parts, report);
  if (authority === -1) return null;
  const layout = layOut(masked, authority);
  checkUrlLiterals(url, masked, layout, report);
  const origin = readOrigin(masked, layout, parts, report);
  refuseMacros(partsBetween(parts, layout.fragment, url.length), "fragment", report);
  const path = compilePath(partsBetween(parts, layout.path, layout.query), macros, report);
  const queryParts = partsBetween(parts, layout.query + 1, layout.fragment);
  const parameters =
    queryParts.length === 0 ? [] : compileQuery(queryParts, asForm ? formPlace : queryPlace, macros, report);
  if (origin === null) return null;
  const query = asForm ? [] : parameters;
  const constant = constantUrl(origin, path, query, macros, report);
  return { origin, plan: { constant, path, query, groups: [] }, form: asForm ? parameters : [] };
}
