import { cutItems } from "../json-text.ts";
import { nearestName } from "@postrider/contract";
import type { Template } from "./compile.ts";
import { pickValues } from "./data-paths.ts";
import type { Macro, Repetition, Scope } from "./plan.ts";
import { isMissing } from "./value.ts";

/** A macro of the data, or of an item of a list in it, for which none of the events looked at had a value. */
export interface UnfilledMacro {
  /** Its path, `data.payuot` or `item.skuu`. */
  readonly macro: string;
  /** What happens for such an event: nothing is sent, the place is left out, its default is sent, or it is empty. */
  readonly effect: "not_sent" | "left_out" | "default" | "empty";
  /** The nearest path that the events have, or null. */
  readonly nearest: string | null;
}

/** Limits of the work: macros reported, items looked at of each list, paths collected, their depth, and paths that one name is compared with. */
const mostMacros = 10;
const itemsPerEvent = 5;
const mostPaths = 300;
const deepestPath = 6;
const mostCompared = 60;

/**
 * The data macros of a template that the given data texts (valid JSON) never filled, at most ten: most likely they are
 * mistyped. A value that is there and null or empty fills a macro that is not required. Without events none is.
 *
 * @example findUnfilledMacros(template, ['{"payout":"1.20"}']) // [{ macro: "data.payuot", effect: "left_out", nearest: "data.payout" }]
 */
export function findUnfilledMacros(
  template: Template,
  dataTexts: readonly string[],
): readonly UnfilledMacro[] {
  const { event, repetitions } = template.plan;
  const found = unfilledOf(event, dataTexts, "data");
  for (const repetition of repetitions) {
    found.push(...unfilledOf(repetition, itemTexts(event, repetition, dataTexts), "item"));
  }
  return found.slice(0, mostMacros);
}

/** The macros of one scope that none of the texts filled. Without texts none is. */
function unfilledOf({ paths, macros }: Scope, texts: readonly string[], root: string): UnfilledMacro[] {
  if (paths === null || texts.length === 0) return [];
  const present = new Set<number>();
  const filled = new Set<number>();
  for (const text of texts) {
    pickValues(paths, text).forEach((value, slot) => {
      if (value !== undefined) present.add(slot);
      if (!isMissing(value)) filled.add(slot);
    });
  }
  const found = new Map<string, UnfilledMacro["effect"]>();
  for (const macro of macros) {
    const { name, from, modifier } = macro;
    if (typeof from !== "number" || found.has(name)) continue;
    if (modifier === "required" ? filled.has(from) : present.has(from)) continue;
    found.set(name, effectOf(macro));
  }
  if (found.size === 0) return [];
  const known = knownPaths(texts, root);
  return [...found]
    .slice(0, mostMacros)
    .map(([macro, effect]) => ({ macro, effect, nearest: nearestPath(macro, known) }));
}

/** The first items of the list in each event. A list within an item of its own is not known here. */
function itemTexts(event: Scope, { list }: Repetition, dataTexts: readonly string[]): readonly string[] {
  const { from } = list;
  if (event.paths === null || typeof from !== "number" || !event.macros.includes(list)) return [];
  const texts: string[] = [];
  for (const dataText of dataTexts) {
    const value = pickValues(event.paths, dataText)[from];
    if (typeof value !== "object" || !value.json.startsWith("[")) continue;
    texts.push(...cutItems(value.json, itemsPerEvent).texts);
  }
  return texts;
}

/** What happens if a macro has no value. */
export function effectOf({
  modifier,
  filters,
}: Pick<Macro, "modifier" | "filters">): UnfilledMacro["effect"] {
  if (modifier === "required") return "not_sent";
  if (modifier === "optional") return "left_out";
  return filters.some(({ filter }) => filter.fills === true) ? "default" : "empty";
}

/** Paths of names that a macro can be written with, as the data has them. */
function knownPaths(texts: readonly string[], root: string): readonly string[] {
  const paths = new Set<string>();
  const walk = (path: string, value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || depth === deepestPath) return;
    for (const [name, inner] of Object.entries(value)) {
      if (paths.size >= mostPaths) return;
      if (!/^[\p{L}\p{N}_$@-]+$/u.test(name)) continue;
      paths.add(`${path}.${name}`);
      walk(`${path}.${name}`, inner, depth + 1);
    }
  };
  for (const text of texts) {
    if (paths.size >= mostPaths) break;
    walk(root, JSON.parse(text), 0);
  }
  return [...paths];
}

const lastName = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** The same name elsewhere in the data, or the nearest by letters. */
function nearestPath(macro: string, known: readonly string[]): string | null {
  const moved = known.find((path) => path !== macro && lastName(path) === lastName(macro));
  if (moved !== undefined) return moved;
  const near = known.filter(
    (path) => path !== macro && Math.abs(path.length - macro.length) <= Math.ceil(macro.length / 3),
  );
  return nearestName(macro, near.slice(0, mostCompared));
}
