import { refused, rendered } from "../template.fixture.ts";

const post = (body: string) => ({ method: "POST", url: "https://t.example/", body: [body] }) as const;

/**
 * What the filters make of the value `data.x`, as JSON text in a document; `null` if it is missing. `data` is the value's
 * JSON text, or that of all the data if it begins with `{"x"`.
 */
export function filtered(filters: string, json: string): string {
  const data = json.startsWith('{"x"') ? json : `{"x":${json}}`;
  const result = rendered(post(`{data.x${filters}}`), data);
  return result.ok ? (result.body as string).slice(1, -1) : result.reason;
}

/** What the filters make of a text: the text, or null if it is missing, or the reason of the failure. */
export function filteredText(filters: string, text: string): string | null {
  const made = filtered(filters, JSON.stringify({ x: text }));
  return made.startsWith('"') || made === "null" ? (JSON.parse(made) as string | null) : made;
}

/** The issues of a macro with these filters, as `code@position in the macro`. */
export function faults(filters: string): string[] {
  return refused(post(`{data.x${filters}}`)).map((issue) => issue.replace(" body[0]@", "@"));
}
