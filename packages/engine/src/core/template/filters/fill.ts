import { forEachMember, skipSpace } from "../../json-text.ts";
import { isMissing, type Value, valueAt } from "../value.ts";
import {
  type Argument,
  type ArgumentFault,
  type BoundFilter,
  type FilterFamily,
  notScalar,
  scalarOf,
  scalarText,
  texts,
  type ValueType,
} from "./filter.ts";

const scalarKinds = ["text", "number", "boolean"] as const;

function typeOf(value: Value): ValueType {
  if (typeof value === "string") return "text";
  const first = value?.json[0];
  return first === "t" || first === "f" ? "boolean" : "number";
}

function commonType(types: readonly ValueType[]): ValueType {
  const [first] = types;
  return first !== undefined && types.every((type) => type === first) ? first : "any";
}

/** The entries of a map as it is written, digits kept, or what is wrong with it. */
function readEntries(json: string): Map<string, Value> | string {
  const entries = new Map<string, Value>();
  let fault: string | null = null;
  forEachMember(json, skipSpace(json, 0), (key, at) => {
    const value = valueAt(json, at);
    if (scalarText(value) === null) fault ??= `A map has texts, numbers, true, false or null as values`;
    if (entries.has(key)) fault ??= `The map has the key ${JSON.stringify(key)} twice: keep one`;
    entries.set(key, value);
  });
  if (entries.size === 0) fault ??= "The map is empty: give it a key";
  return fault ?? entries;
}

function bindMap(map: Argument | undefined, other: Argument | undefined): BoundFilter | ArgumentFault {
  const entries = map?.kind === "object" ? readEntries(map.json) : "A map is a JSON object";
  if (typeof entries === "string") return { argument: 0, message: `${entries}: |map:{"approved":"1"}.` };
  const fallback = scalarOf(other);
  const results = [...entries.values(), ...(other === undefined ? [] : [fallback])];
  return {
    gives: commonType(results.filter((value) => !isMissing(value)).map(typeOf)),
    fills: !isMissing(fallback),
    empties: isMissing(fallback) || results.some(isMissing),
    apply: (value) => {
      if (isMissing(value)) return fallback;
      const key = scalarText(value);
      if (key === null) return notScalar;
      return entries.has(key) ? entries.get(key) : fallback;
    },
  };
}

/**
 * Filters that choose another value. `default` replaces a missing one. `map` replaces a value by that of its key; a value
 * that is no key becomes the second argument, or is missing. The else is an argument of its own and no key like `"*"`,
 * because every text can be a value of the event.
 */
export const fillFilters: FilterFamily = {
  default: {
    usage: '|default:"0"',
    parameters: [{ kinds: scalarKinds }],
    takes: texts,
    bind: ([argument], input) => {
      const filling = scalarOf(argument);
      return {
        gives: commonType([input, typeOf(filling)]),
        fills: true,
        apply: (value) => (isMissing(value) ? filling : value),
      };
    },
  },
  map: {
    usage: '|map:{"approved":"1","rejected":"3"} or |map:{"approved":"1"},"0"',
    parameters: [{ kinds: ["object"] }, { kinds: scalarKinds, optional: true }],
    takes: texts,
    bind: ([map, other]) => bindMap(map, other),
  },
};
