import { applyFilters } from "./apply-filters.ts";
import { readFact, type PostbackFacts } from "./facts.ts";
import { isHeaderValue } from "./compile-headers.ts";
import type { Template } from "./compile.ts";
import { pickValues } from "./data-paths.ts";
import { guardMaskedUrl, guardUrl } from "./guard.ts";
import { pathPlace, plainPlace, queryPlace } from "./places.ts";
import type { HeaderPlan, Macro, Parameter, Piece, Scope, TemplatePlan, UrlPlan } from "./plan.ts";
import { renderBody } from "./render-body.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { dotSegment } from "./url-text.ts";
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

function sourceValue(macro: Macro, picked: readonly Value[], facts: PostbackFacts): Value {
  const { from } = macro;
  if (typeof from === "number") return picked[from];
  if (typeof from === "object") return from.text;
  return from === "n" ? { json: String(facts.item?.n ?? 1) } : readFact(from, facts);
}

function missingMessage({ name, from }: Macro): string {
  return typeof from === "object"
    ? `The partner has no {${name}}: set it, or take it out of the template.`
    : `{${name}!} is required and this event has no value for it.`;
}

/** Puts the value of each macro of a scope, filters applied, among `values`. Fails if a required one is missing. */
function evaluate(
  scope: Scope,
  text: string,
  facts: PostbackFacts,
  values: Value[],
): RenderFailure | undefined {
  const picked = scope.paths === null ? [] : pickValues(scope.paths, text);
  for (const macro of scope.macros) {
    const value = applyFilters(sourceValue(macro, picked, facts), macro.filters);
    if (macro.modifier === "required" && isMissing(value)) {
      return failure("missing_macro", missingMessage(macro), macro.name);
    }
    values[macro.index] = value;
  }
  return undefined;
}

/** The value of every macro, or the failure of one. */
function evaluateAll(plan: TemplatePlan, facts: PostbackFacts): readonly Value[] | RenderFailure {
  const values: Value[] = Array.from({ length: plan.valueCount });
  const failed = evaluate(plan.event, facts.dataText, facts, values);
  if (failed !== undefined) return failed;
  if (plan.item === null) return values;
  return evaluate(plan.item, facts.item?.text ?? "null", facts, values) ?? values;
}

function renderPath(path: UrlPlan["path"], values: readonly Value[]): string | RenderFailure {
  let rendered = "";
  for (const segment of path) {
    if (typeof segment === "string") {
      rendered += `/${segment}`;
      continue;
    }
    const text = joinPieces(segment, values, pathPlace.value);
    if (dotSegment.test(text)) {
      return failure("path_changed", `A path segment became "${text}", which HTTP clients resolve away.`);
    }
    rendered += `/${text}`;
  }
  return rendered;
}

function renderParameter(parameter: Parameter, values: readonly Value[]): string {
  return joinPieces(parameter.pieces, values, queryPlace.value);
}

function renderQuery(url: UrlPlan, values: readonly Value[]): string {
  let query = "";
  for (const parameter of url.query) {
    if (isDropped(parameter, values)) continue;
    query += `${query === "" ? "?" : "&"}${renderParameter(parameter, values)}`;
  }
  return query;
}

function renderUrl(template: Template, values: readonly Value[]): string | RenderFailure {
  const { url } = template.plan;
  if (url.constant !== null) return url.constant;
  const path = renderPath(url.path, values);
  if (typeof path !== "string") return path;
  const rendered = template.origin + path + renderQuery(url, values);
  const fault = (template.masked ? guardMaskedUrl : guardUrl)(rendered, template.origin);
  return fault === null ? rendered : failure(fault.reason, fault.message);
}

/** The name of the first macro of these pieces. */
function firstMacro({ event, item }: TemplatePlan, pieces: readonly Piece[]): string | undefined {
  const index = pieces.find((piece) => typeof piece === "number");
  return [...event.macros, ...(item?.macros ?? [])].find((macro) => macro.index === index)?.name;
}

function renderHeader(
  header: HeaderPlan,
  values: readonly Value[],
  plan: TemplatePlan,
): string | RenderFailure {
  const value = joinPieces(header.pieces, values, plainPlace.value);
  if (isHeaderValue(value)) return value;
  const message = `The header ${header.name} would hold a character that headers cannot carry: send it in the body.`;
  return failure("invalid_header", message, firstMacro(plan, header.pieces));
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
  const values = evaluateAll(plan, facts);
  if ("ok" in values) return values;
  const url = renderUrl(template, values);
  if (typeof url !== "string") return url;
  const headers: [string, string][] = [];
  const body = renderBody(plan.body, values, facts);
  let { contentType } = body;
  for (const header of plan.headers) {
    if (isDropped(header, values)) continue;
    const value = renderHeader(header, values, plan);
    if (typeof value !== "string") return value;
    if (header.name === "content-type") contentType = value;
    else headers.push([header.name, value]);
  }
  return { ok: true, url, headers, body: body.text, contentType };
}
