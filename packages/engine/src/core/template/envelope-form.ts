import { forEachMember, isContainer, skipSpace } from "../json-text.ts";
import { encodeFormValue } from "./encode.ts";
import type { PostbackFacts } from "./facts.ts";
import { textOf, valueAt } from "./value.ts";

/** Objects and arrays nested deeper than this become one field with their JSON text: bounds names and work. */
const deepestField = 16;

/** A member's name inside brackets; its own brackets are escaped so that no name can imitate another's nesting. */
function bracketed(name: string): string {
  return `[${name.replace(/[%[\]]/g, encodeURIComponent)}]`;
}

function addFields(name: string, text: string, at: number, depth: number, fields: string[]): void {
  if (depth === deepestField || !isContainer(text, at)) {
    fields.push(`${encodeFormValue(name)}=${encodeFormValue(textOf(valueAt(text, at)))}`);
    return;
  }
  // A name written twice in the data counts once, with its last value.
  const starts = new Map<string, number>();
  forEachMember(text, at, (member, start) => starts.set(member, start));
  for (const [member, start] of starts) addFields(name + bracketed(member), text, start, depth + 1, fields);
}

/**
 * The envelope as a form: `id`, `type`, `timestamp`, `schema_version`, then each scalar of the data under its path,
 * as PHP, Rails and qs read it: `data[user][name]=…`, `data[items][0]=…`. Null is an empty value; empty objects and
 * arrays have no field.
 */
export function formFieldsOfEnvelope(facts: PostbackFacts): string {
  const fields = [
    `id=${encodeFormValue(facts.eventId)}`,
    `type=${encodeFormValue(facts.type)}`,
    `timestamp=${encodeFormValue(facts.occurredAt)}`,
    `schema_version=${facts.schemaVersion}`,
  ];
  addFields("data", facts.dataText, skipSpace(facts.dataText, 0), 0, fields);
  return fields.join("&");
}
