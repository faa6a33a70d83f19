import { cutItems } from "../json-text.ts";
import { pickValues } from "./data-paths.ts";
import { type PostbackFacts, readFact } from "./facts.ts";
import { applyFilters, type Invalid, isInvalid } from "./filters/filter.ts";
import type { Macro, Repetition, Scope, TemplatePlan } from "./plan.ts";
import { failure, type RenderFailure } from "./render-failure.ts";
import { isMissing, type Value } from "./value.ts";

/** The most items of a list in one request. */
export const mostItems = 200;

/** The most characters that the filters of a template may make together: what they made is in memory all at once. */
const mostFiltered = 16_777_216;

/**
 * The values of a template for one attempt. `values` has one per macro; those of a repetition's macros are the current
 * item's, which {@link forEachItem} puts there. `items` has, for each repetition, the values of each item. `room` is how
 * many characters the part of the request that is being made may still have: below zero it is too long, and is thrown away.
 */
export interface Evaluated {
  readonly values: Value[];
  readonly repetitions: readonly Repetition[];
  readonly items: readonly (readonly (readonly Value[])[])[];
  room: number;
}

/** Where the values of a scope come from: the JSON text that its paths lead into, and the number of the item. */
interface Source {
  readonly text: string;
  readonly n: number;
  readonly facts: PostbackFacts;
  /** Shared by all scopes of a template: the characters that filters made so far. */
  readonly made: { characters: number };
}

/** The value of a macro before its filters. `picked`: those of its scope's paths. */
export function sourceValue(
  { from }: Macro,
  picked: readonly Value[],
  { n, facts }: Pick<Source, "n" | "facts">,
): Value {
  if (typeof from === "number") return picked[from];
  if (typeof from === "object") return from.text;
  return from === "n" ? { json: String(n) } : readFact(from, facts);
}

function missingMessage({ name, from }: Macro): string {
  if (typeof from === "object")
    return from.text === undefined
      ? `The partner has no {${name}}: set it, or take it out of the template.`
      : `The filters of {${name}} leave nothing of it: without it nothing is sent.`;
  return `{${name}!} is required and this event has no value for it.`;
}

/** Names the macro and the filter, never the value: it can be personal, and messages are stored and logged. */
function invalidMessage({ name }: Macro, { invalid }: Invalid): string {
  return `{${name}} cannot be sent: ${invalid}.`;
}

const tooMuchMessage = `The filters of this template would make more than ${mostFiltered} characters of this event.`;

/** Puts the value of each macro of a scope, filters applied, among `values`. Fails if a required one is missing. */
function evaluateScope(scope: Scope, source: Source, values: Value[]): RenderFailure | undefined {
  const picked = scope.paths === null ? [] : pickValues(scope.paths, source.text);
  for (const macro of scope.macros) {
    let value = sourceValue(macro, picked, source);
    if (macro.filters.length > 0) {
      const filtered = applyFilters(value, macro.filters, values);
      if (isInvalid(filtered)) return failure("invalid_value", invalidMessage(macro, filtered), macro.name);
      if (typeof filtered === "string") source.made.characters += filtered.length;
      if (source.made.characters > mostFiltered) return failure("invalid_value", tooMuchMessage, macro.name);
      value = filtered;
    }
    if (macro.modifier === "required" && isMissing(value)) {
      return failure("missing_macro", missingMessage(macro), macro.name);
    }
    values[macro.index] = value;
  }
  return undefined;
}

/** The JSON texts of the items of a list, or why there are none to be sent. A list that is missing has no items. */
function itemTexts({ list }: Repetition, value: Value): readonly string[] | RenderFailure {
  if (isMissing(value)) return [];
  if (typeof value !== "object" || !value.json.startsWith("[")) {
    return failure("invalid_value", `{${list.name}} is no list in this event.`, list.name);
  }
  const { texts, count } = cutItems(value.json, mostItems);
  if (count > mostItems) {
    const message = `{${list.name}} has ${count} items, and one request holds ${mostItems} at most.`;
    return failure("too_many_items", message, list.name);
  }
  if (count === 0 && list.modifier === "required") {
    return failure("missing_macro", `{${list.name}!} is required and has no items in this event.`, list.name);
  }
  return texts;
}

function evaluateItems(
  repetition: Repetition,
  { facts, made }: Pick<Source, "facts" | "made">,
  values: Value[],
): readonly (readonly Value[])[] | RenderFailure {
  const texts = itemTexts(repetition, values[repetition.list.index]);
  if ("ok" in texts) return texts;
  const items: Value[][] = [];
  for (const [index, text] of texts.entries()) {
    const failed = evaluateScope(repetition, { text, n: repetition.from + index, facts, made }, values);
    if (failed !== undefined) {
      return {
        ...failed,
        message: `${failed.message} It is item ${index + 1} of {${repetition.list.name}}.`,
      };
    }
    items.push(repetition.macros.map((macro) => values[macro.index]));
  }
  return items;
}

const none: readonly never[] = [];

/** The value of every macro, or the failure of one. */
export function evaluate(plan: TemplatePlan, facts: PostbackFacts): Evaluated | RenderFailure {
  const { item, repetitions } = plan;
  const values: Value[] = [];
  const common = { facts, made: { characters: 0 } };
  const failed = evaluateScope(plan.event, { text: facts.dataText, n: 0, ...common }, values);
  if (failed !== undefined) return failed;
  if (item !== null) {
    const { text, n } = facts.item ?? { text: "null", n: 1 };
    const failedItem = evaluateScope(item, { text, n, ...common }, values);
    if (failedItem !== undefined) return failedItem;
  }
  if (repetitions.length === 0) return { values, repetitions: none, items: none, room: 0 };
  const items: (readonly (readonly Value[])[])[] = [];
  for (const repetition of repetitions) {
    const evaluated = evaluateItems(repetition, common, values);
    if ("ok" in evaluated) return evaluated;
    items.push(evaluated);
  }
  return { values, repetitions, items, room: 0 };
}

/** The number of items of a repetition. */
export function countItems({ items }: Evaluated, repetition: number): number {
  return items[repetition]?.length ?? 0;
}

/**
 * A text of the part that is being made: takes its length from the room. Once there was too little, there never is enough
 * again, so that what was left out for want of room is never sent.
 *
 * @param before the room before what the text is made of was placed
 */
export function placed(evaluated: Evaluated, text: string, before: number = evaluated.room): string {
  if (evaluated.room >= 0) evaluated.room = before - text.length;
  return text;
}

/** Calls `visit` for each item of a repetition, with the item's values among `values`. */
export function forEachItem(evaluated: Evaluated, repetition: number, visit: () => void): void {
  const { macros } = evaluated.repetitions[repetition] as Repetition;
  for (const item of evaluated.items[repetition] ?? none) {
    for (const [index, macro] of macros.entries()) evaluated.values[macro.index] = item[index];
    visit();
  }
}
