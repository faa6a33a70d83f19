import { nodeOf } from "./template/compile-body.ts";
import { isRawNumber, type JsonObject, type JsonValue } from "@postrider/contract/exact-json";

/**
 * A JSON body that was stored before there were nodes, as it is written now: what would be a node gets the `$$` that makes it
 * data, and a key that begins with `$$` keeps both. So it is sent byte for byte as before.
 *
 * @example escapeOlderBody({ $text: "a", $$id: 1 }) // { $$text: "a", $$$id: 1 }, which is sent as { "$text": "a", "$$id": 1 }
 */
export function escapeOlderBody(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(escapeOlderBody);
  if (typeof value !== "object" || value === null || isRawNumber(value)) return value;
  const isNode = nodeOf(value as JsonObject) !== null;
  const escaped = (name: string) =>
    name.startsWith("$$") || (isNode && name.startsWith("$")) ? `$${name}` : name;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, member]) => [escaped(name), escapeOlderBody(member)]),
  );
}
