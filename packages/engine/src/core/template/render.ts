import { readFact, type PostbackFacts } from "./facts.ts";
import { isHeaderValue } from "./compile-headers.ts";
import type { Template } from "./compile.ts";
import { pickValues } from "./data-paths.ts";
import { encodeUrlValue } from "./encode.ts";
import type { Piece, TemplatePlan, UrlPlan } from "./plan.ts";
import { renderBody } from "./render-body.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { dotSegment, longestUrl } from "./url-text.ts";
import { isMissing, type Value } from "./value.ts";

/**
 * Why a template could not be rendered for an event. Nothing is sent, and trying again with the same event and
 * template gives the same answer.
 */
export const renderFailureReasons = [
  "missing_macro",
  "unresolved_macro",
  "host_changed",
  "path_changed",
  "url_too_long",
  "invalid_header",
] as const;

export type RenderFailureReason = (typeof renderFailureReasons)[number];

export interface RenderFailure {
  readonly ok: false;
  readonly reason: RenderFailureReason;
  /** The path of the macro at fault, when it is one macro. */
  readonly macro?: string;
  readonly message: string;
}

/** A request ready to be signed and sent; the URL must be used as it is, byte for byte. */
export interface RenderedPostback {
  readonly ok: true;
  readonly url: string;
  /** Names in lower case, without `content-type`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | null;
  /** The template's own `content-type` header if it has one, else that of the body; null without a body. */
  readonly contentType: string | null;
}

function failure(reason: RenderFailureReason, message: string, macro?: string): RenderFailure {
  return macro === undefined ? { ok: false, reason, message } : { ok: false, reason, macro, message };
}

/** The value of every macro, filters applied, or the failure of a required one that is missing. */
function evaluate(plan: TemplatePlan, facts: PostbackFacts): readonly Value[] | RenderFailure {
  const picked = plan.data === null ? [] : pickValues(plan.data, facts.dataText);
  const values: Value[] = [];
  for (const { name, from, modifier, filters } of plan.macros) {
    let value = typeof from === "number" ? picked[from] : readFact(from, facts);
    for (const { definition, args } of filters) value = definition.apply(value, args);
    if (modifier === "required" && isMissing(value)) {
      return failure("missing_macro", `{${name}!} is required and this event has no value for it.`, name);
    }
    values.push(value);
  }
  return values;
}

function renderPath(path: UrlPlan["path"], values: readonly Value[]): string | RenderFailure {
  let rendered = "";
  for (const segment of path) {
    if (typeof segment === "string") {
      rendered += `/${segment}`;
      continue;
    }
    const text = joinPieces(segment, values, encodeUrlValue);
    if (dotSegment.test(text)) {
      return failure("path_changed", `A path segment became "${text}", which HTTP clients resolve away.`);
    }
    rendered += `/${text}`;
  }
  return rendered;
}

function renderQuery(url: UrlPlan, values: readonly Value[]): string {
  let query = "";
  for (const parameter of url.query) {
    if (isDropped(parameter, values)) continue;
    query += `${query === "" ? "?" : "&"}${joinPieces(parameter.pieces, values, encodeUrlValue)}`;
  }
  return query;
}

const leftOver = /[^!$-;=?-[\]_a-z~]/;

/**
 * The last look before sending; by construction it never fails, and it must not depend on that: no character
 * outside a URL's own (so no brace), a bounded length, and a URL parser that reads the same origin and changes
 * nothing, as the HTTP client will.
 */
function guard(url: string, origin: string): RenderFailure | null {
  if (url.length > longestUrl) {
    return failure(
      "url_too_long",
      `The URL has ${url.length} characters, more than ${longestUrl}: use a body.`,
    );
  }
  if (leftOver.test(url))
    return failure("unresolved_macro", "The URL still holds a character of the template.");
  const parsed = URL.parse(url);
  if (parsed?.origin !== origin) return failure("host_changed", `The URL no longer leads to ${origin}.`);
  if (parsed.href !== url)
    return failure("path_changed", "The HTTP client would send another URL than this one.");
  return null;
}

function renderUrl(template: Template, values: readonly Value[]): string | RenderFailure {
  const { url } = template.plan;
  if (url.constant !== null) return url.constant;
  const path = renderPath(url.path, values);
  if (typeof path !== "string") return path;
  const rendered = template.origin + path + renderQuery(url, values);
  return guard(rendered, template.origin) ?? rendered;
}

const asIs = (text: string): string => text;

function firstMacro(plan: TemplatePlan, pieces: readonly Piece[]): string | undefined {
  const index = pieces.find((piece) => typeof piece === "number");
  return index === undefined ? undefined : plan.macros[index]?.name;
}

/**
 * Renders a template for one attempt. Pure and total: equal arguments give equal results, nothing throws.
 *
 * Fails with a {@link RenderFailureReason}; the delivery is then dead with that reason.
 *
 * @example
 * const rendered = renderTemplate(template, facts);
 * if (rendered.ok) send(template.method, rendered.url, rendered.headers, rendered.body);
 */
export function renderTemplate(template: Template, facts: PostbackFacts): RenderedPostback | RenderFailure {
  const { plan } = template;
  const values = evaluate(plan, facts);
  if ("ok" in values) return values;
  const url = renderUrl(template, values);
  if (typeof url !== "string") return url;
  const headers: [string, string][] = [];
  const body = renderBody(plan.body, values, facts);
  let { contentType } = body;
  for (const header of plan.headers) {
    if (isDropped(header, values)) continue;
    const value = joinPieces(header.pieces, values, asIs);
    if (!isHeaderValue(value)) {
      const message = `The header ${header.name} would hold a character that headers cannot carry: send it in the body.`;
      return failure("invalid_header", message, firstMacro(plan, header.pieces));
    }
    if (header.name === "content-type") contentType = value;
    else headers.push([header.name, value]);
  }
  return { ok: true, url, headers, body: body.text, contentType };
}
