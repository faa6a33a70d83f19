import { compactJson } from "../json-text.ts";
import { countItems, type Evaluated, forEachItem } from "./evaluate.ts";
import { plainPlace } from "./places.ts";
import type { JsonPlan } from "./plan.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { jsonOf } from "./value.ts";

/** The JSON text of a node, or null when an optional macro drops it. Every piece is complete JSON by itself. */
export function renderJson(plan: JsonPlan, evaluated: Evaluated): string | null {
  const { values } = evaluated;
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
        const json = renderJson(value, evaluated);
        if (json !== null) members.push(`${key}:${json}`);
      }
      return `{${members.join(",")}}`;
    }
    case "array":
      return `[${plan.items.flatMap((item) => renderJson(item, evaluated) ?? []).join(",")}]`;
    case "json_text": {
      const text = renderJsonText(plan, evaluated);
      return text === null ? null : JSON.stringify(text.toWellFormed());
    }
    case "each":
      return renderEach(plan, evaluated);
  }
}

/** The text that a `$json` node is: compact, whatever white space the event's own objects have. */
function renderJsonText(
  { node }: Extract<JsonPlan, { kind: "json_text" }>,
  evaluated: Evaluated,
): string | null {
  const json = renderJson(node, evaluated);
  return json === null ? null : compactJson(json);
}

function renderEach(plan: Extract<JsonPlan, { kind: "each" }>, evaluated: Evaluated): string | null {
  const { list } = evaluated.repetitions[plan.repetition] ?? {};
  if (list?.modifier === "optional" && countItems(evaluated, plan.repetition) === 0) return null;
  const items: string[] = [];
  forEachItem(evaluated, plan.repetition, () => {
    const json = renderJson(plan.node, evaluated);
    if (json !== null) items.push(json);
  });
  return `[${items.join(",")}]`;
}

/** The text of a parameter that is a `$json` node, not encoded yet; null when an optional macro drops it. */
export function renderTextOfNode(node: JsonPlan, evaluated: Evaluated): string | null {
  if (node.kind === "json_text") return renderJsonText(node, evaluated);
  const json = renderJson(node, evaluated);
  return json === null ? null : (JSON.parse(json) as string);
}
