import { serializeEnvelope } from "@postrider/protocol";
import { formFieldsOfEnvelope } from "./envelope-form.ts";
import type { PostbackFacts } from "./facts.ts";
import { formPlace, plainPlace } from "./places.ts";
import type { BodyPlan, JsonPlan, Parameter } from "./plan.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { jsonOf, type Value } from "./value.ts";

/** A body and its media type; both null when there is none. */
export interface RenderedBody {
  readonly text: string | null;
  readonly contentType: string | null;
}

const jsonType = "application/json";
const formType = "application/x-www-form-urlencoded";

function renderForm(fields: readonly Parameter[], values: readonly Value[]): string {
  const sent = fields.filter((field) => !isDropped(field, values));
  return sent.map((field) => joinPieces(field.pieces, values, formPlace.value)).join("&");
}

/** The JSON text of a node, or null when an optional macro drops it. Every piece is complete JSON by itself. */
function renderJson(plan: JsonPlan, values: readonly Value[]): string | null {
  switch (plan.kind) {
    case "constant":
      return plan.json;
    case "macro":
      return isDropped(plan, values) ? null : jsonOf(values[plan.macro]);
    case "text":
      return isDropped(plan, values) ? null : jsonOf(joinPieces(plan.pieces, values, plainPlace.value));
    case "object": {
      const members: string[] = [];
      for (const { key, value } of plan.members) {
        const json = renderJson(value, values);
        if (json !== null) members.push(`${key}:${json}`);
      }
      return `{${members.join(",")}}`;
    }
    case "array":
      return `[${plan.items.flatMap((item) => renderJson(item, values) ?? []).join(",")}]`;
  }
}

/** Renders the body of a postback. */
export function renderBody(plan: BodyPlan, values: readonly Value[], facts: PostbackFacts): RenderedBody {
  switch (plan.kind) {
    case "none":
      return { text: null, contentType: null };
    case "envelope":
      return { text: serializeEnvelope(facts), contentType: jsonType };
    case "json":
      return { text: renderJson(plan.document, values), contentType: jsonType };
    case "form":
      return { text: renderForm(plan.fields, values), contentType: formType };
    case "envelope_form":
      return { text: formFieldsOfEnvelope(facts), contentType: formType };
  }
}
