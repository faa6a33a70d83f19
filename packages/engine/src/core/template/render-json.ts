import { compactJson } from "../json-text.ts";
import { countItems, type Evaluated, forEachItem, placed } from "./evaluate.ts";
import { plainPlace } from "./places.ts";
import type { JsonPlan } from "./plan.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { jsonOf } from "./value.ts";

/**
 * The JSON text of a node, or null when an optional macro drops it. Every piece is complete JSON by itself, as long as
 * there is room: what is made after that is thrown away.
 */
export function renderJson(plan: JsonPlan, evaluated: Evaluated): string | null {
  const { values, room } = evaluated;
  if (room < 0) return null;
  switch (plan.kind) {
    case "constant":
      return placed(evaluated, plan.json);
    case "macro":
      return isDropped(plan, values) ? null : placed(evaluated, jsonOf(values[plan.macro]));
    case "text": {
      if (isDropped(plan, values)) return null;
      return placed(evaluated, jsonOf(joinPieces(plan.pieces, values, plainPlace.value, room)));
    }
    case "object": {
      const members: string[] = [];
      for (const { key, value } of plan.members) {
        const json = renderJson(value, evaluated);
        if (json !== null) members.push(`${key}:${json}`);
      }
      return placed(evaluated, `{${members.join(",")}}`, room);
    }
    case "array":
      return placed(
        evaluated,
        `[${plan.items.flatMap((item) => renderJson(item, evaluated) ?? []).join(",")}]`,
        room,
      );
    case "json_text": {
      const text = renderJsonText(plan, evaluated);
      return text === null ? null : placed(evaluated, JSON.stringify(text.toWellFormed()), room);
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
  const { room } = evaluated;
  forEachItem(evaluated, plan.repetition, () => {
    const json = renderJson(plan.node, evaluated);
    if (json !== null) items.push(json);
  });
  return placed(evaluated, `[${items.join(",")}]`, room);
}

/** The text of a parameter that is a `$json` node, not encoded yet; null when an optional macro drops it. */
export function renderTextOfNode(node: JsonPlan, evaluated: Evaluated): string | null {
  if (node.kind === "json_text") return renderJsonText(node, evaluated);
  // A node without macros.
  return node.kind === "constant" ? (JSON.parse(node.json) as string) : null;
}
