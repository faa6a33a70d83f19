import { isRawNumber, type JsonArray, type JsonObject, type JsonValue } from "@postrider/contract/exact-json";
import type { Report } from "./issue.ts";
import { lex, type Part } from "./lex.ts";
import type { MacroRegistry } from "./macro-registry.ts";
import { readPath } from "./list-path.ts";
import type { MacroSource } from "./parse-macro.ts";
import { plainPlace } from "./places.ts";
import type { JsonPlan } from "./plan.ts";
import { jsonOf } from "./value.ts";

/** The deepest nesting of a document; deeper ones are refused, so recursion over it is safe. */
const deepestDocument = 64;

/** JSON texts within each other. Each level doubles the backslashes of a value, and no partner was seen to want more. */
const deepestJsonText = 2;

/** Repetitions of one template: each walks over its list when the template is rendered. */
const mostRepetitions = 20;

interface BodyCompiler {
  readonly macros: MacroRegistry;
  readonly reportFor: (field: string) => Report;
  /** How many `$json` nodes are around this place. */
  readonly jsonTexts: number;
}

type NodeName = "$json" | "$each" | "$text";

/** The node that an object is: it has exactly the keys of one. Any other object is data, whatever its keys: null. */
export function nodeOf(value: JsonObject): NodeName | null {
  const keys = Object.keys(value);
  if (keys.length === 2) return Object.hasOwn(value, "$each") && Object.hasOwn(value, "do") ? "$each" : null;
  if (keys.length !== 1) return null;
  return keys[0] === "$json" || keys[0] === "$text" ? keys[0] : null;
}

/** The text of a body that is a plain text, `{"$text": "…"}`; undefined for any other body. */
export function plainTextOf(body: JsonObject | JsonArray): JsonValue | undefined {
  return Array.isArray(body) || nodeOf(body as JsonObject) !== "$text"
    ? undefined
    : (body as JsonObject).$text;
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
  const text = literalText(parts).toWellFormed();
  return JSON.stringify(text.startsWith("$$") ? text.slice(1) : text);
}

function refuseNode(field: string, message: string, compiler: BodyCompiler): JsonPlan {
  compiler.reportFor(field)("invalid_node", 0, message);
  return { kind: "constant", json: "null" };
}

function compileJsonText(value: JsonValue, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  if (compiler.jsonTexts === deepestJsonText) {
    const message = `JSON texts stand within each other ${deepestJsonText} deep at most: take one "$json" away.`;
    return refuseNode(field, message, compiler);
  }
  const inner = { ...compiler, jsonTexts: compiler.jsonTexts + 1 };
  const node = compileValue(value, field, depth, inner);
  if (node.kind === "constant") return { kind: "constant", json: JSON.stringify(node.json) };
  return { kind: "json_text", node };
}

/** Reads the path of a list, in a node or in a group of parameters. Null after a report. */
export function readRepeatedPath(
  path: unknown,
  field: string,
  { macros, reportFor }: Pick<BodyCompiler, "macros" | "reportFor">,
): MacroSource | null {
  const report = reportFor(field);
  if (typeof path !== "string") {
    report("invalid_node", 0, 'Write the path of a list, such as "data.items".');
    return null;
  }
  if (macros.isRepeating) {
    report(
      "invalid_node",
      0,
      "Repetitions do not stand within each other: send the inner list as {item.list}.",
    );
    return null;
  }
  if (macros.repetitionCount === mostRepetitions) {
    report("invalid_node", 0, `A template repeats at most ${mostRepetitions} times: put lists together.`);
    return null;
  }
  return readPath(path, report);
}

function compileEach(node: JsonObject, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  const listField = memberField(field, "$each");
  const list = readRepeatedPath(node.$each, listField, compiler);
  const compile = (): JsonPlan =>
    compileValue(node.do as JsonValue, memberField(field, "do"), depth, compiler);
  if (list === null) return { kind: "constant", json: "null" };
  const { repetition, compiled } = compiler.macros.repeat(list, 1, compiler.reportFor(listField), compile);
  return { kind: "each", repetition, node: compiled };
}

function compileNode(
  name: NodeName,
  node: JsonObject,
  field: string,
  depth: number,
  compiler: BodyCompiler,
): JsonPlan {
  if (name === "$json")
    return compileJsonText(node.$json as JsonValue, memberField(field, name), depth, compiler);
  if (name === "$each") return compileEach(node, field, depth, compiler);
  const message = '{"$text": …} is a whole body: write a text as "…", or "$$text" for a key of this name.';
  return refuseNode(field, message, compiler);
}

function compileObject(value: JsonObject, field: string, depth: number, compiler: BodyCompiler): JsonPlan {
  const node = nodeOf(value);
  if (node !== null) return compileNode(node, value, field, depth + 1, compiler);
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

/**
 * Compiles a JSON document, or a part of a request that is one. Macros are found in its strings; parts without any
 * become constant text.
 *
 * @param field the name of the document in issues
 */
export function compileDocument(
  document: JsonValue,
  field: string,
  macros: MacroRegistry,
  reportFor: (field: string) => Report,
): JsonPlan {
  return compileValue(document, field, 1, { macros, reportFor, jsonTexts: 0 });
}
