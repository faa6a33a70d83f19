import { forEachMember, isContainer, skipSpace } from "../json-text.ts";
import { encodeFormValue } from "./encode.ts";
import { type Evaluated, placed } from "./evaluate.ts";
import type { PostbackFacts } from "./facts.ts";
import { textOf, valueAt } from "./value.ts";

/** Objects and arrays nested deeper than this become one field with their JSON text: bounds names and work. */
const deepestField = 16;

/** A member's name inside brackets; its own brackets are escaped so that no name can imitate another's nesting. */
function bracketed(name: string): string {
  return `[${name.replace(/[%[\]]/g, encodeURIComponent)}]`;
}

/** Where fields are put, and how much room is left for them. */
interface Fields {
  readonly texts: string[];
  readonly evaluated: Evaluated;
}

/** Each field repeats the names around it: a long name around many values makes much more than the event has. */
function addFields(name: string, text: string, at: number, depth: number, fields: Fields): void {
  if (fields.evaluated.room < 0) return;
  if (depth === deepestField || !isContainer(text, at)) {
    const field = `${encodeFormValue(name)}=${encodeFormValue(textOf(valueAt(text, at)))}`;
    fields.texts.push(placed(fields.evaluated, field));
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
 * arrays have no field. Not finished if there is too little room.
 */
export function formFieldsOfEnvelope(facts: PostbackFacts, evaluated: Evaluated): string {
  const texts = [
    `id=${encodeFormValue(facts.eventId)}`,
    `type=${encodeFormValue(facts.type)}`,
    `timestamp=${encodeFormValue(facts.occurredAt)}`,
    `schema_version=${facts.schemaVersion}`,
  ];
  addFields("data", facts.dataText, skipSpace(facts.dataText, 0), 0, { texts, evaluated });
  return texts.join("&");
}
