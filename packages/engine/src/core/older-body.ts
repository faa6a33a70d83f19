import { isRawNumber, type JsonObject, type JsonValue } from "@postrider/contract/exact-json";

/** Objects that are nodes now, and were data before there were nodes. */
const nodes: readonly (readonly string[])[] = [["$json"], ["$text"], ["$each", "do"]];

/**
 * A JSON body that was stored before there were nodes, as it is written now: what would be a node gets the `$$` that makes it
 * data, and a key that begins with `$$` keeps both. So it is sent byte for byte as before.
 *
 * @example escapeOlderBody({ $text: "a", $$id: 1 }) // { $$text: "a", $$$id: 1 }, which is sent as { "$text": "a", "$$id": 1 }
 */
export function escapeOlderBody(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(escapeOlderBody);
  if (typeof value !== "object" || value === null || isRawNumber(value)) return value;
  const names = Object.keys(value);
  const isNode = nodes.some(
    (keys) => keys.length === names.length && keys.every((key) => names.includes(key)),
  );
  const escaped = (name: string) =>
    name.startsWith("$$") || (isNode && name.startsWith("$")) ? `$${name}` : name;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, member]) => [escaped(name), escapeOlderBody(member)]),
  );
}
