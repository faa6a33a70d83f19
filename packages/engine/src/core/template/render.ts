import { isHeaderValue } from "./compile-headers.ts";
import type { Template } from "./compile.ts";
import { evaluate, type Evaluated } from "./evaluate.ts";
import type { PostbackFacts } from "./facts.ts";
import { guardMaskedUrl, guardUrl, tooLongMessage } from "./guard.ts";
import { guardPersonalData } from "./personal-guard.ts";
import { pathPlace, plainPlace, queryPlace } from "./places.ts";
import type { HeaderPlan, Piece, TemplatePlan, UrlPlan } from "./plan.ts";
import { renderBody } from "./render-body.ts";
import { failure, type RenderFailure } from "./render-failure.ts";
import { renderGroups, renderParameter } from "./render-parameters.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { dotSegment, longestUrl } from "./url-text.ts";
import type { Value } from "./value.ts";

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

function renderPath(path: UrlPlan["path"], values: readonly Value[]): string | RenderFailure {
  let rendered = "";
  for (const segment of path) {
    if (typeof segment === "string") {
      rendered += `/${segment}`;
      continue;
    }
    const text = joinPieces(segment, values, pathPlace.value, longestUrl);
    if (dotSegment.test(text)) {
      return failure("path_changed", `A path segment became "${text}", which HTTP clients resolve away.`);
    }
    rendered += `/${text}`;
    if (rendered.length > longestUrl) return failure("url_too_long", tooLongMessage);
  }
  return rendered;
}

function renderQuery({ query, groups }: UrlPlan, evaluated: Evaluated): string | RenderFailure {
  let text = "";
  for (const parameter of query) {
    const sent = renderParameter(parameter, evaluated, queryPlace.value);
    if (sent !== null) text += `${text === "" ? "?" : "&"}${sent}`;
  }
  if (groups.length === 0) return text;
  const grouped = renderGroups(groups, evaluated, queryPlace.value);
  if ("ok" in grouped) return grouped;
  for (const sent of grouped) text += `${text === "" ? "?" : "&"}${sent}`;
  return text;
}

function renderUrl(template: Template, evaluated: Evaluated): string | RenderFailure {
  const { url } = template.plan;
  if (url.constant !== null) return url.constant;
  evaluated.room = longestUrl;
  const path = renderPath(url.path, evaluated.values);
  if (typeof path !== "string") return path;
  const query = renderQuery(url, evaluated);
  if (typeof query !== "string") return query;
  if (evaluated.room < 0) return failure("url_too_long", tooLongMessage);
  const rendered = template.origin + path + query;
  const fault = (template.masked ? guardMaskedUrl : guardUrl)(rendered, template.origin);
  return fault === null ? rendered : failure(fault.reason, fault.message);
}

/** The name of the first macro of these pieces. */
function firstMacro({ event, item }: TemplatePlan, pieces: readonly Piece[]): string | undefined {
  const index = pieces.find((piece) => typeof piece === "number");
  return [...event.macros, ...(item?.macros ?? [])].find((macro) => macro.index === index)?.name;
}

/** Servers take 8 to 64 KiB of headers in all. */
const longestHeaderValue = 65_536;

function renderHeader(
  header: HeaderPlan,
  values: readonly Value[],
  plan: TemplatePlan,
): string | RenderFailure {
  const value = joinPieces(header.pieces, values, plainPlace.value, longestHeaderValue);
  const isTooLong = value.length > longestHeaderValue;
  if (!isTooLong && isHeaderValue(value)) return value;
  const fault = isTooLong
    ? `have more than ${longestHeaderValue} characters`
    : "hold a character that headers cannot carry";
  const message = `The header ${header.name} would ${fault}: send it in the body.`;
  return failure("invalid_header", message, firstMacro(plan, header.pieces));
}

/**
 * Renders a template for one attempt. Pure and total: equal arguments give equal results, nothing throws.
 *
 * Fails with a `RenderFailureReason`; the delivery is then dead with that reason.
 *
 * @example
 * const rendered = renderTemplate(template, facts);
 * if (rendered.ok) send(template.method, rendered.url, rendered.headers, rendered.body);
 */
export function renderTemplate(template: Template, facts: PostbackFacts): RenderedPostback | RenderFailure {
  const { plan } = template;
  const evaluated = evaluate(plan, facts);
  if ("ok" in evaluated) return evaluated;
  const url = renderUrl(template, evaluated);
  if (typeof url !== "string") return url;
  const body = renderBody(plan.body, evaluated, facts);
  if ("ok" in body) return body;
  const { values } = evaluated;
  const headers: [string, string][] = [];
  let { contentType } = body;
  for (const header of plan.headers) {
    if (isDropped(header, values)) continue;
    const value = renderHeader(header, values, plan);
    if (typeof value !== "string") return value;
    if (header.name === "content-type") contentType = value;
    else headers.push([header.name, value]);
  }
  // Last, when it is known that no part is too long: so the search is bounded, too.
  const personal = plan.personal === null ? null : guardPersonalData(plan.personal, evaluated, facts);
  return personal ?? { ok: true, url, headers, body: body.text, contentType };
}
