type Schema = Readonly<Record<string, unknown>>;

const deepest = 8;
const formats: Readonly<Record<string, string>> = {
  "date-time": "2026-01-31T10:00:00Z",
  date: "2026-01-31",
  time: "10:00:00Z",
  email: "someone@example.com",
  uri: "https://example.com/",
  url: "https://example.com/",
  uuid: "018d5f4e-7c00-7000-8000-000000000000",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  hostname: "example.com",
};

/**
 * A value that a JSON Schema describes: its examples, default or constant where it has some, else the plainest one.
 * Patterns and references to other documents are not followed, so look it over.
 *
 * @example sampleOf({ type: "object", properties: { payout: { type: "number", minimum: 1 } } }) // { payout: 1 }
 */
export function sampleOf(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (!isSchema(schema) || depth > deepest) return null;
  if (Array.isArray(schema["examples"]) && schema["examples"].length > 0) return schema["examples"][0];
  for (const key of ["const", "default"]) if (key in schema) return schema[key];
  if (Array.isArray(schema["enum"])) return schema["enum"][0] ?? null;
  if (typeof schema["$ref"] === "string") return sampleOf(resolved(schema["$ref"], root), root, depth + 1);
  for (const key of ["anyOf", "oneOf"]) {
    const options = schema[key];
    if (Array.isArray(options)) return sampleOf(options[0], root, depth + 1);
  }
  if (Array.isArray(schema["allOf"]))
    return Object.assign({}, ...schema["allOf"].map((part) => sampleOf(part, root, depth + 1)));
  return plainest(schema, root, depth);
}

function plainest(schema: Schema, root: unknown, depth: number): unknown {
  const type: unknown = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  if (type === "object" || isSchema(schema["properties"])) {
    const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
    return Object.fromEntries(
      Object.entries(properties).map(([key, of]) => [key, sampleOf(of, root, depth + 1)]),
    );
  }
  if (type === "array") return "items" in schema ? [sampleOf(schema["items"], root, depth + 1)] : [];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return numberFor(schema);
  if (type === "string") return textFor(schema);
  return null;
}

function numberFor({ minimum, exclusiveMinimum, maximum }: Schema): number {
  if (typeof minimum === "number")
    return Math.max(minimum, 1) > Number(maximum ?? Infinity) ? minimum : Math.max(minimum, 1);
  if (typeof exclusiveMinimum === "number") return Math.max(exclusiveMinimum + 1, 1);
  return typeof maximum === "number" ? Math.min(maximum, 1) : 1;
}

function textFor({ format, minLength }: Schema): string {
  const known = typeof format === "string" ? formats[format] : undefined;
  return known ?? "text".padEnd(typeof minLength === "number" ? Math.min(minLength, 1000) : 0, "x");
}

/** Within the document only. */
function resolved(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#/")) return undefined;
  let found: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isSchema(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
