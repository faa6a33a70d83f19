import { endOfValue } from "../json-text.ts";
import { nearestName } from "@postrider/contract";
import type {
  AppliedFilter,
  Argument,
  ArgumentFault,
  BoundFilter,
  FilterDefinition,
  PathSource,
  ValueType,
} from "./filters/filter.ts";
import { filters } from "./filters/index.ts";
import {
  bareName,
  type Cursor,
  fail,
  failHere,
  readPattern,
  readQuoted,
  readSegments,
} from "./macro-cursor.ts";
import { readRoot } from "./roots.ts";

/** The most filters of one macro: bounds the work on one value. */
const mostFilters = 20;

const filterName = /[a-z_][a-z0-9_]*/iy;
const number = /-?\d+(?:\.\d+)?/y;

/** An argument, and where it begins. */
interface ReadArgument {
  readonly argument: Argument;
  readonly at: number;
}

function readObject(cursor: Cursor): Argument | null {
  const end = endOfValue(cursor.source, cursor.at);
  const json = end === -1 ? "" : cursor.source.slice(cursor.at, end);
  cursor.resumeAt = end === -1 ? cursor.source.length : end;
  try {
    JSON.parse(json);
  } catch {
    return fail(cursor, "invalid_argument", cursor.at, 'Not a JSON object: write {"approved":"1"}.');
  }
  cursor.at = end;
  return { kind: "object", json };
}

/** Reads `data.currency`, `item.qty`, `secret.key`. */
function readPath(cursor: Cursor, first: string, at: number): Argument | null {
  const segments = readSegments(cursor);
  if (cursor.failure !== null) return null;
  const name = cursor.source.slice(at, cursor.at);
  const root = readRoot(first, segments, name);
  if (typeof root === "object") return fail(cursor, root.code, at, root.message);
  const path: PathSource = { name, root, segments };
  return { kind: "path", path };
}

function readArgument(cursor: Cursor): Argument | null {
  const { at } = cursor;
  const first = cursor.source[at];
  if (first === '"') {
    const text = readQuoted(cursor);
    return text === null ? null : { kind: "text", text };
  }
  if (first === "{") return readObject(cursor);
  const digits = readPattern(cursor, number);
  if (digits !== null) return { kind: "number", text: digits };
  const word = readPattern(cursor, bareName);
  if (word === "true" || word === "false") return { kind: "boolean", text: word };
  if (word !== null) return readPath(cursor, word, at);
  return failHere(cursor, "an argument: a text in double quotes, a number, or a path like data.currency");
}

const kindWords: Readonly<Record<Argument["kind"], string>> = {
  text: "a text in double quotes",
  number: "a number",
  boolean: "true or false",
  object: "a JSON object",
  path: "a path",
};

function readArguments(cursor: Cursor, definition: FilterDefinition): ReadArgument[] {
  const args: ReadArgument[] = [];
  for (const { kinds, optional, isKey } of definition.parameters) {
    const { at } = cursor;
    const expected = kinds.map((kind) => kindWords[kind]).join(" or ");
    const remedy = `This filter takes ${expected} here: ${definition.usage}.`;
    if (cursor.source[at] !== (args.length === 0 ? ":" : ",")) {
      if (optional !== true) fail(cursor, "invalid_argument", at, remedy);
      break;
    }
    cursor.at += 1;
    const argument = readArgument(cursor);
    if (argument === null) break;
    if (!kinds.includes(argument.kind)) {
      fail(cursor, "invalid_argument", at + 1, remedy);
      break;
    }
    if (argument.kind === "path" && argument.path.root === "secret" && isKey !== true) {
      const message = `A secret is only taken as a key: ${hmacUsage}. For a value that may be shown, use {const.…}.`;
      fail(cursor, "invalid_argument", at + 1, message);
      break;
    }
    args.push({ argument, at: at + 1 });
  }
  const next = cursor.source[cursor.at];
  if (cursor.failure === null && (next === ":" || next === ",")) {
    fail(cursor, "invalid_argument", cursor.at, `This filter takes no more arguments: ${definition.usage}.`);
  }
  return args;
}

function unknownFilter(name: string): string {
  const names = [...filters.keys()];
  // `lowercase` for `lower`, `uppercase`, `rounded`.
  const near =
    nearestName(name, names) ?? names.find((known) => known.length > 3 && name.startsWith(known)) ?? null;
  const remedy = near === null ? `known: ${names.join(", ")}.` : `did you mean "${near}"?`;
  return `Unknown filter "${name.slice(0, 40)}": ${remedy}`;
}

const hmacUsage = filters.get("hmac")?.usage ?? "";
const hex = filters.get("hex")?.bind([], "digest") as BoundFilter;

const typeWords: Readonly<Record<ValueType, string>> = {
  any: "a value of the event",
  text: "a text",
  number: "a number",
  boolean: "true or false",
  time: "a time in a zone",
  digest: "the bytes of a hash",
  code: "an encoded text",
};

/** The filters of one macro, and what is known of the value after them. */
interface Chain {
  readonly applied: AppliedFilter[];
  type: ValueType;
  /** The value cannot be missing any more. */
  isFilled: boolean;
}

function append(chain: Chain, name: string, filter: BoundFilter): void {
  chain.applied.push({ name, filter });
  chain.type = filter.gives;
  if (filter.fills === true) chain.isFilled = true;
  else if (filter.empties === true) chain.isFilled = false;
}

function isFault(bound: BoundFilter | ArgumentFault): bound is ArgumentFault {
  return "message" in bound;
}

function readFilter(cursor: Cursor, chain: Chain): void {
  cursor.at += 1;
  const start = cursor.at;
  const name = readPattern(cursor, filterName);
  if (name === null) {
    failHere(cursor, "a filter name");
    return;
  }
  const definition = filters.get(name);
  if (definition === undefined) {
    fail(cursor, "unknown_filter", start, () => unknownFilter(name));
    return;
  }
  const args = readArguments(cursor, definition);
  if (cursor.failure !== null) return;
  if (chain.type === "digest" && !definition.takes.includes("digest")) append(chain, "hex", hex);
  if (!definition.takes.includes(chain.type)) {
    const before = chain.applied.at(-1)?.name ?? "";
    const message = `|${name} cannot take what |${before} gives, ${typeWords[chain.type]}: change their order, or remove one.`;
    fail(cursor, "filter_mismatch", start, message);
    return;
  }
  const bound = definition.bind(
    args.map(({ argument }) => argument),
    chain.type,
  );
  if (isFault(bound)) {
    const at = args[bound.argument]?.at ?? start;
    fail(cursor, "invalid_argument", at, bound.message);
  } else append(chain, name, bound);
}

/**
 * Reads the filters of a macro, checks that each takes what the one before it gives, and binds their arguments.
 * `modifierAt` is the position of the macro's `!` or `?`, -1 without one.
 */
export function readFilters(cursor: Cursor, modifierAt: number): readonly AppliedFilter[] {
  const chain: Chain = { applied: [], type: "any", isFilled: false };
  while (cursor.failure === null && cursor.source[cursor.at] === "|") {
    if (chain.applied.length >= mostFilters) {
      fail(cursor, "invalid_macro", cursor.at, `A macro has at most ${mostFilters} filters.`);
      break;
    }
    readFilter(cursor, chain);
  }
  if (chain.type === "digest") append(chain, "hex", hex);
  if (modifierAt !== -1 && chain.isFilled) {
    const sign = cursor.source[modifierAt] as string;
    const message = `"${sign}" never acts beside a filter that fills in what is missing: keep one of the two.`;
    fail(cursor, "modifier_conflict", modifierAt, message);
  }
  return chain.applied;
}
