/** A key that needs no quotes in a path. */
const plainName = /^[\p{L}\p{N}_$-]+$/u;

/**
 * A path in a document as the API writes it.
 *
 * @example pathText(["events", 3, "data"]) // "events[3].data"
 * @example pathText(["headers", "a b"]) // 'headers["a b"]'
 */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = String(part);
    if (!plainName.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}
