import { serializeEnvelope } from "@postrider/protocol";
import { formFieldsOfEnvelope } from "./envelope-form.ts";
import type { PostbackFacts } from "./facts.ts";
import type { Evaluated } from "./evaluate.ts";
import { formPlace, plainPlace } from "./places.ts";
import type { BodyPlan } from "./plan.ts";
import { failure, type RenderFailure } from "./render-failure.ts";
import { renderJson } from "./render-json.ts";
import { renderGroups, renderParameter } from "./render-parameters.ts";

/** A body and its media type; both null when there is none. */
export interface RenderedBody {
  readonly text: string | null;
  readonly contentType: string | null;
}

/**
 * The most characters of a body. An event is 256 KiB at most, so only a template gets there that repeats a value, or
 * encodes one several times; few servers take as much as one MiB.
 */
export const longestBody = 4_194_304;

const jsonType = "application/json";
const formType = "application/x-www-form-urlencoded";
const textType = "text/plain; charset=utf-8";

const noBody: RenderedBody = { text: null, contentType: null };

function bodyOf(text: string | null, contentType: string): RenderedBody {
  return text === null ? noBody : { text, contentType };
}

function renderForm(
  { fields, groups }: Extract<BodyPlan, { kind: "form" }>,
  evaluated: Evaluated,
): string | RenderFailure {
  const sent = fields.flatMap((field) => renderParameter(field, evaluated, formPlace.value) ?? []);
  if (groups.length === 0) return sent.join("&");
  const grouped = renderGroups(groups, evaluated, formPlace.value);
  return "ok" in grouped ? grouped : [...sent, ...grouped].join("&");
}

/** Renders the body of a postback, or says why it cannot be. */
export function renderBody(
  plan: BodyPlan,
  evaluated: Evaluated,
  facts: PostbackFacts,
): RenderedBody | RenderFailure {
  evaluated.room = longestBody;
  const body = renderPlan(plan, evaluated, facts);
  if ("ok" in body || (evaluated.room >= 0 && (body.text?.length ?? 0) <= longestBody)) return body;
  return failure(
    "body_too_large",
    `The body would have more than ${longestBody} characters: send less of the event, or each value once.`,
  );
}

function renderPlan(
  plan: BodyPlan,
  evaluated: Evaluated,
  facts: PostbackFacts,
): RenderedBody | RenderFailure {
  switch (plan.kind) {
    case "none":
      return noBody;
    case "envelope":
      return { text: serializeEnvelope(facts), contentType: jsonType };
    case "json":
      return bodyOf(renderJson(plan.document, evaluated), jsonType);
    case "text":
      return bodyOf(renderParameter(plan.text, evaluated, plainPlace.value), textType);
    case "form": {
      const text = renderForm(plan, evaluated);
      return typeof text === "string" ? { text, contentType: formType } : text;
    }
    case "envelope_form":
      return { text: formFieldsOfEnvelope(facts, evaluated), contentType: formType };
  }
}
