import type { Template } from "./compile.ts";
import { pickValues } from "./data-paths.ts";
import type { Scope } from "./plan.ts";
import { effectOf, type UnfilledMacro } from "./unfilled.ts";
import { isMissing } from "./value.ts";

/** Macros reported of one event. */
const mostMacros = 20;

/**
 * The macros of a template that one event (its data as valid JSON text) has no value for: nothing is there, `null` or an
 * empty text. At most twenty. Those within a list are not looked at.
 *
 * @param itemText the item that the request is for, as JSON; null: it is for the whole event
 * @example findEmptyMacros(template, '{"sub1":""}', null) // [{ macro: "data.sub1", effect: "left_out" }]
 */
export function findEmptyMacros(
  template: Template,
  dataText: string,
  itemText: string | null,
): readonly Pick<UnfilledMacro, "macro" | "effect">[] {
  const { event, item } = template.plan;
  const found = new Map<string, UnfilledMacro["effect"]>();
  addEmpty(found, event, dataText);
  if (item !== null && itemText !== null) addEmpty(found, item, itemText);
  return [...found].slice(0, mostMacros).map(([macro, effect]) => ({ macro, effect }));
}

function addEmpty(found: Map<string, UnfilledMacro["effect"]>, { paths, macros }: Scope, text: string): void {
  if (paths === null) return;
  const picked = pickValues(paths, text);
  for (const macro of macros)
    if (typeof macro.from === "number" && isMissing(picked[macro.from]) && !found.has(macro.name))
      found.set(macro.name, effectOf(macro));
}
