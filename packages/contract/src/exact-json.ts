/**
 * JSON whose numbers keep their digits. A body template may say `10.50`, `12345678901234567890` or `-0`, and partners
 * must get exactly that; JavaScript's numbers cannot hold it. Such a number is kept as its source text.
 *
 * Node 22 and later have what this needs.
 * @see https://tc39.es/proposal-json-parse-with-source/
 */

/**
 * A number as its JSON text, `10.50`. Only {@link parseExactJson} makes it: `JSON.stringify` writes the text back as it
 * is, and a copy by spreading or `structuredClone` is an ordinary object.
 */
export interface RawNumber {
  readonly rawJSON: string;
}

/** A JSON value. A number that must keep digits which JavaScript would change is a {@link RawNumber}. */
export type JsonValue = string | number | RawNumber | boolean | null | JsonObject | JsonArray;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}
export type JsonArray = readonly JsonValue[];

/** What TypeScript's library does not declare yet. */
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

/**
 * Parses JSON. A number that `JSON.stringify` would write with other digits becomes a {@link RawNumber}; everything
 * else is what `JSON.parse` makes of it. The walk is recursive: give it only texts of known depth.
 *
 * @throws SyntaxError for a text that is not JSON, RangeError beyond some thousand levels
 * @example JSON.stringify(parseExactJson('{"rate":10.50}')) // '{"rate":10.50}'
 */
export function parseExactJson(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && JSON.stringify(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

/** Whether the value is a number kept as its text. */
export const isRawNumber = (value: unknown): value is RawNumber => json.isRawJSON(value);
