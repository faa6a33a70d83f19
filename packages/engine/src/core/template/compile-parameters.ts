import type { ParameterGroup, ParameterValue } from "@postrider/contract";
import { compileDocument, memberField, readListPath } from "./compile-body.ts";
import type { Report } from "./issue.ts";
import { lex, type Part } from "./lex.ts";
import type { MacroRegistry } from "./macro-registry.ts";
import { plainPlace, type Place } from "./places.ts";
import type { GroupParameter, GroupPlan, JoinedParameter, Parameter, Piece } from "./plan.ts";

interface GroupCompiler {
  readonly macros: MacroRegistry;
  readonly reportFor: (field: string) => Report;
  /** How names and values are encoded: in the query, or in a form. */
  readonly name: Place;
  readonly value: Place;
}

/** Only `{n}` may stand in a name, and only if the parameter is sent once per item. */
function compileName(
  name: string,
  field: string,
  numbered: boolean,
  compiler: GroupCompiler,
): readonly Piece[] {
  const report = compiler.reportFor(field);
  const parts = lex(name, report).filter((part) => {
    if (part.kind === "literal" || part.macro === null) return true;
    const { root, modifier, filters } = part.macro;
    if (numbered && root === "n" && modifier === null && filters.length === 0) return true;
    const message = numbered
      ? "Only {n} may stand in a parameter's name: names are fixed, values vary."
      : 'No macro may stand in a parameter\'s name; {n} may, in a group with "each" and without "join".';
    report("macro_not_allowed", part.start, message);
    return false;
  });
  return compiler.macros.parameter(parts, compiler.name, report).pieces;
}

/** A name and a value as the pieces of one parameter. */
function named(name: readonly Piece[], { pieces, optional }: Parameter): Parameter {
  const joined: Piece[] = [...name];
  for (const piece of ["=", ...pieces]) {
    const last = joined.at(-1);
    if (typeof piece === "string" && typeof last === "string") joined[joined.length - 1] = last + piece;
    else joined.push(piece);
  }
  return { pieces: joined, optional };
}

function compileParameter(
  name: string,
  value: ParameterValue,
  field: string,
  numbered: boolean,
  compiler: GroupCompiler,
): GroupParameter {
  const { macros, reportFor } = compiler;
  const pieces = compileName(name, field, numbered, compiler);
  if (typeof value === "string") {
    const parts = lex(value, reportFor(field));
    return {
      kind: "text",
      parameter: named(pieces, macros.parameter(parts, compiler.value, reportFor(field))),
    };
  }
  const node = compileDocument(value, field, macros, reportFor);
  if (node.kind === "constant" || node.kind === "json_text") {
    return { kind: "json", name: named(pieces, { pieces: [], optional: [] }).pieces, node };
  }
  reportFor(field)("invalid_parameters", 0, 'Write a text, which may hold macros, or {"$json": …}.');
  return { kind: "text", parameter: { pieces, optional: [] } };
}

function compileColumn(
  name: string,
  value: ParameterValue,
  field: string,
  separator: string,
  compiler: GroupCompiler,
): JoinedParameter {
  const report = compiler.reportFor(field);
  const pieces = compileName(name, field, false, compiler);
  let parts: readonly Part[] = [];
  if (typeof value === "string") parts = lex(value, report);
  else report("invalid_parameters", 0, "The values of a joined parameter are texts: write macros in a text.");
  let isHeld = false;
  const partner = (text: string): string => {
    isHeld ||= text.includes(separator);
    return text;
  };
  const column = compiler.macros.parameter(parts, { ...plainPlace, partner }, report);
  return { name: `${pieces.join("")}=`, column, isHeld };
}

function compileGroup(group: ParameterGroup, field: string, compiler: GroupCompiler): GroupPlan | null {
  const { each, from = 1, join, params } = group;
  const { macros } = compiler;
  const fields = Object.entries(params).map(
    ([name, value]) => [name, value, memberField(`${field}.params`, name)] as const,
  );
  const compileAll = (numbered: boolean): readonly GroupParameter[] =>
    fields.map(([name, value, inner]) => compileParameter(name, value, inner, numbered, compiler));
  if (each === undefined) return { kind: "once", parameters: compileAll(false) };
  const list = readListPath(each, `${field}.each`, compiler);
  if (list === null) return null;
  const report = compiler.reportFor(`${field}.each`);
  if (join === undefined) {
    const { repetition, compiled } = macros.repeat(list, from, report, () => compileAll(true));
    return { kind: "each", repetition, parameters: compiled };
  }
  const { repetition, compiled } = macros.repeat(list, from, report, () =>
    fields.map(([name, value, inner]) => compileColumn(name, value, inner, join, compiler)),
  );
  return { kind: "join", repetition, separator: join, parameters: compiled };
}

/**
 * Compiles the groups of parameters that follow those of the URL, in their order.
 *
 * @param places how names and values are encoded: `groupPlaces.query` or `groupPlaces.form`
 */
export function compileParameters(
  groups: readonly ParameterGroup[],
  places: { readonly name: Place; readonly value: Place },
  macros: MacroRegistry,
  reportFor: (field: string) => Report,
): readonly GroupPlan[] {
  const compiler = { macros, reportFor, ...places };
  return groups.flatMap((group, index) => compileGroup(group, `parameters[${index}]`, compiler) ?? []);
}
