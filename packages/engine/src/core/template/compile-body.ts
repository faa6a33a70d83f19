import { isRawNumber, type JsonArray, type JsonObject, type JsonValue } from "../exact-json.ts";
import type { Report } from "./issue.ts";
import { lex, type Part } from "./lex.ts";
import type { MacroRegistry } from "./macro-registry.ts";
import { plainPlace } from "./places.ts";
import type { JsonPlan } from "./plan.ts";
import { jsonOf } from "./value.ts";

/** The deepest nesting of a document; deeper ones are refused, so recursion over it is safe. */
const deepestDocument = 64;

interface BodyCompiler {
  readonly macros: MacroRegistry;
  readonly reportFor: (field: string) => Report;
}

const simpleName = /^[\w$-]+$/;

/** The path of an object's member in issues. */
export function memberField(field: string, key: string): string {
  return simpleName.test(key) ? `${field}.${key}` : `${field}[${JSON.stringify(key)}]`;
}

function literalText(parts: readonly Part[]): string {
  return parts.map((part) => (part.kind === "literal" ? part.text : "")).join("");
}

function compileLeaf(text: string, field: string, { macros, reportFor }: BodyCompiler): JsonPlan {
  const report = reportFor(field);
  const parts = lex(text, report);
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "macro" && first.macro !== null) {
    const fixed = macros.fixed(first.macro, first.start, report);
    if (fixed !== null) return { kind: "constant", json: jsonOf(fixed.value) };
    const macro = macros.add(first.macro, first.start, report);
    return { kind: "macro", macro, optional: first.macro.modifier === "optional" ? [macro] : [] };
  }
  const { pieces, optional } = macros.parameter(parts, plainPlace, report);
  if (pieces.every((piece) => typeof piece === "string")) {
    return { kind: "constant", json: JSON.stringify(pieces.join("").toWellFormed()) };
  }
  return { kind: "text", pieces, optional };
}

function compileKey(key: string, field: string, compiler: BodyCompiler): string {
  const report = compiler.reportFor(field);
  const parts = lex(key, report);
  for (const part of parts) {
    if (part.kind === "macro") {
      report("macro_not_allowed", part.start, "No macro may stand in a key: keys are fixed, values vary.");
    }
  }
  return JSON.stringify(literalText(parts).toWellFormed());
}

function compileObject(value: JsonObject, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  const members = Object.entries(value).map(([name, member]) => {
    const inner = memberField(field, name);
    const key = compileKey(name, inner, compiler);
    return { key, value: compileValue(member, inner, depth + 1, compiler) };
  });
  const constants = members.flatMap((member) =>
    member.value.kind === "constant" ? [`${member.key}:${member.value.json}`] : [],
  );
  if (constants.length === members.length) return { kind: "constant", json: `{${constants.join(",")}}` };
  return { kind: "object", members };
}

function compileArray(value: JsonArray, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  const items = value.map((item, index) => compileValue(item, `${field}[${index}]`, depth + 1, compiler));
  const constants = items.flatMap((item) => (item.kind === "constant" ? [item.json] : []));
  if (constants.length === items.length) return { kind: "constant", json: `[${constants.join(",")}]` };
  return { kind: "array", items };
}

/** `JSON.rawJSON` also takes strings and literals: only a number is sent as it is written. */
function compileRaw(json: string, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  const value = JSON.parse(json) as string | number | boolean | null;
  return typeof value === "number" ? { kind: "constant", json } : compileValue(value, field, depth, compiler);
}

function compileValue(value: JsonValue, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  if (typeof value === "string") return compileLeaf(value, field, compiler);
  if (isRawNumber(value)) return compileRaw(value.rawJSON, field, depth, compiler);
  if (depth > deepestDocument) {
    compiler.reportFor(field)(
      "invalid_body",
      0,
      `A document nests at most ${deepestDocument} levels: flatten it.`,
    );
    return { kind: "constant", json: "null" };
  }
  if (Array.isArray(value)) return compileArray(value as JsonArray, field, depth, compiler);
  if (typeof value === "object" && value !== null) {
    return compileObject(value as JsonObject, field, depth, compiler);
  }
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) {
    return { kind: "constant", json: JSON.stringify(value) };
  }
  compiler.reportFor(field)(
    "invalid_body",
    0,
    "Not a JSON value: use text, a number, true, false, null, {} or [].",
  );
  return { kind: "constant", json: "null" };
}

/** Compiles a JSON document. Macros are found in its strings; parts without any become constant text. */
export function compileDocument(
  document: JsonObject | JsonArray,
  macros: MacroRegistry,
  reportFor: (field: string) => Report,
): JsonPlan {
  return compileValue(document, "body", 1, { macros, reportFor });
}
