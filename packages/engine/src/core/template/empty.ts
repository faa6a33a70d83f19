import type { Template } from "./compile.ts";
import { pickValues } from "./data-paths.ts";
import { effectOf, type UnfilledMacro } from "./unfilled.ts";
import { isMissing } from "./value.ts";

/** Macros reported of one event. */
const mostMacros = 20;

/**
 * The data macros of a template that one event (its data as valid JSON text) has no value for: nothing is there, `null` or
 * an empty text. At most twenty.
 *
 * @example findEmptyMacros(template, '{"sub1":""}') // [{ macro: "data.sub1", effect: "left_out" }]
 */
export function findEmptyMacros(
  template: Template,
  dataText: string,
): readonly Pick<UnfilledMacro, "macro" | "effect">[] {
  const { paths, macros } = template.plan.event;
  if (paths === null) return [];
  const picked = pickValues(paths, dataText);
  const found = new Map<string, UnfilledMacro["effect"]>();
  for (const macro of macros)
    if (typeof macro.from === "number" && isMissing(picked[macro.from]) && !found.has(macro.name))
      found.set(macro.name, effectOf(macro));
  return [...found].slice(0, mostMacros).map(([macro, effect]) => ({ macro, effect }));
}
