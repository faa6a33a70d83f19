import { compactJson, decodeString, endOfValue } from "../json-text.ts";

/** A number, boolean, null, object or array, kept as its JSON source text so that no digit is lost. */
interface JsonText {
  readonly json: string;
}

/** What a macro stands for: a decoded string, any other JSON value as its text, or undefined when absent. */
export type Value = string | JsonText | undefined;

/** The value that starts at `at` in JSON text: strings decoded, everything else as its source text. */
export function valueAt(text: string, at: number): Value {
  const end = endOfValue(text, at);
  if (end === -1) return undefined;
  const source = text.slice(at, end);
  return source.startsWith('"') ? decodeString(source) : { json: source };
}

/** Whether the value counts as missing: absent, `null` or the empty string. */
export function isMissing(value: Value): boolean {
  return value === undefined || value === "" || (typeof value === "object" && value.json === "null");
}

/** The value as plain text: strings as they are, missing as nothing, the rest as compact JSON text. */
export function textOf(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  const first = value.json[0];
  if (first === "{" || first === "[") return compactJson(value.json);
  return value.json === "null" ? "" : value.json;
}

/** The value as JSON text: the event's own text where there is one; absent becomes `null`. */
export function jsonOf(value: Value): string {
  if (value === undefined) return "null";
  return typeof value === "string" ? JSON.stringify(value.toWellFormed()) : value.json;
}
