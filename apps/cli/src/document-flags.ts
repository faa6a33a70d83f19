/**
 * Flags that set keys of a document, made from what the contract declares of each key.
 *
 * @packageDocumentation
 */
import { type DocumentKey, type Flag, keysOf, optionNames } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";
import { flagOf, type OptionDefinition } from "./command.ts";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";
import { readInput, readJsonOrFile } from "./input.ts";

type Document = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
type FlaggedKey = DocumentKey & { readonly flag: Flag };

/** The keys of a document that a flag sets. */
export function flaggedKeys(document: Parameters<typeof keysOf>[0]): readonly FlaggedKey[] {
  return keysOf(document).filter((key): key is FlaggedKey => key.flag !== null);
}

/**
 * The options of a command that puts a document.
 *
 * @example optionsOf(flaggedKeys(partnerDocument)) // { rate: { kind: "text", value: "n|none", … }, … }
 */
export function optionsOf(keys: readonly FlaggedKey[]): Readonly<Record<string, OptionDefinition>> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const definitions = definitionsOf(key);
      return optionNames(key).map((name, index) => [name, definitions[index]!]);
    }),
  );
}

/** One for each of the key's options. */
function definitionsOf({ flag, meaning, choices }: FlaggedKey): readonly OptionDefinition[] {
  const { form } = flag;
  if (typeof form === "object" && "switches" in form)
    return [form.switches.on, form.switches.off].map(({ summary }) => ({ kind: "switch", summary }));
  const words = form === "on_off" ? ["on", "off"] : choices;
  return [
    {
      kind: kindOf(flag),
      value: valueOf(flag),
      summary: flag.summary ?? inHelp(meaning),
      ...(words === null ? {} : { choices: words }),
    },
  ];
}

/**
 * What the flags that were given say, as a part of the document: keys whose flag is absent are absent.
 *
 * @param before the document that is there: objects within it keep the keys that no flag names
 * @throws CliError `usage`
 * @example await partOf(keys, { rate: "50" }, null, context) // { rate_per_second: 50 }
 */
export async function partOf(
  keys: readonly FlaggedKey[],
  options: Options,
  before: Document | null,
  context: Pick<Context, "cwd" | "stdin">,
): Promise<Record<string, unknown>> {
  const part: Record<string, unknown> = {};
  for (const key of keys) {
    const value = await given(key, options, before, context);
    if (value === undefined) continue;
    const [outer, inner] = key.path as [string, string?];
    if (inner === undefined) part[outer] = value;
    else part[outer] = { ...objectIn(before, outer), ...objectIn(part, outer), [inner]: value };
  }
  return part;
}

/** The value that a key's flag gives; undefined if it was not given. */
async function given(
  key: FlaggedKey,
  options: Options,
  before: Document | null,
  context: Pick<Context, "cwd" | "stdin">,
): Promise<unknown> {
  const [name, off] = optionNames(key) as [string, string?];
  if (off !== undefined) return switched(options, name, off);
  const { form, nullWord } = key.flag;
  const option = options[name];
  if (typeof option === "object") {
    if (option.length === 0) return undefined;
    if (form === "pairs") return withPairs(objectIn(before, key.path[0]!), flagOf(name), option);
    return form === "headers" ? Object.fromEntries(option.map(parseHeader)) : option;
  }
  if (typeof option !== "string") return option;
  if (option === nullWord) return null;
  if (typeof form === "object") {
    if ("within" in form) return { [form.within]: option };
    return "json" in form ? parseJson(flagOf(name), option, form.json, context) : undefined;
  }
  switch (form) {
    case "number":
    case "whole":
      return parseNumber(flagOf(name), option, key.flag);
    case "commas":
      return listOf(option);
    case "file":
      return readInput.text(context, option);
    case "on_off":
      return option === "off" ? null : objectIn(before, key.path[0]!);
    case "text":
    case "list":
    case "headers":
    case "pairs":
      return option;
  }
}

/** True for the one, false for the other, undefined for neither. @throws CliError `usage` for both */
function switched(options: Options, on: string, off: string): boolean | undefined {
  const [isOn, isOff] = [options[on] === true, options[off] === true];
  if (isOn && isOff) throw new CliError("usage", `${flagOf(on)} and ${flagOf(off)} exclude each other.`);
  return isOn || isOff ? isOn : undefined;
}

function objectIn(document: Document | null, key: string): Document {
  const value = document?.[key];
  return typeof value === "object" && value !== null ? (value as Document) : {};
}

function kindOf({ form, nullWord }: Flag): OptionDefinition["kind"] {
  if (form === "list" || form === "headers" || form === "pairs") return "list";
  const isParsed = (form === "number" || form === "whole") && nullWord === undefined;
  return isParsed ? form : "text";
}

/** What help calls the value, with the word that stands for null: `duration|never`. */
function valueOf({ form, value, nullWord }: Flag): string {
  const own = value ?? (form === "on_off" ? "on|off" : "value");
  return nullWord === undefined ? own : `${own}|${nullWord}`;
}

/** A description as help has it: without a full stop, and small. */
const inHelp = (meaning: string): string =>
  meaning.charAt(0).toLowerCase() + meaning.slice(1).replace(/\.$/, "");

function parseNumber(flag: string, text: string, { form, counts, nullWord }: Flag): number {
  const count = Number(text);
  if (text.trim() === "" || !(count > 0) || (form === "whole" && !Number.isSafeInteger(count)))
    throw new CliError("usage", `${flag} ${text} is not a number of ${counts}.`, {
      hint: `Give a ${form === "whole" ? "whole number from 1" : "number above 0"}${nullWord === undefined ? "" : `, or ${nullWord}`}.`,
    });
  return count;
}

/** `5s,1m` as a list; `none` as an empty one. */
function listOf(text: string): readonly string[] {
  return text === "none"
    ? []
    : text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
}

/** The object with the pairs put in; one without a value is taken out. @throws CliError `usage` */
function withPairs(before: Document, flag: string, pairs: readonly string[]): Document {
  const entries = new Map(Object.entries(before));
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1)
      throw new CliError("usage", `${flag} "${pair}" has no name and value.`, {
        hint: `Like this: ${flag} currency=EUR. To remove it: ${flag} currency=`,
      });
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === "") entries.delete(name);
    else entries.set(name, value);
  }
  return Object.fromEntries(entries);
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1)
    throw new CliError("usage", `--header "${text}" has no colon.`, {
      hint: "Like this: --header 'x-source: postrider'",
    });
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

async function parseJson(
  flag: string,
  text: string,
  words: readonly string[],
  context: Pick<Context, "cwd" | "stdin">,
): Promise<unknown> {
  if (words.includes(text)) return text;
  if (words.length === 0 || text.startsWith("@")) return readJsonOrFile(context, flag, text);
  // No JSON begins like this: it is one macro, such as {data}.
  if (/^\{\w/.test(text)) return text;
  try {
    return parseExactJson(text);
  } catch {
    throw new CliError(
      "usage",
      `${flag} "${text}" is ${words.length === 0 ? "not JSON" : "neither a word nor JSON"}.`,
      {
        hint: `Give ${[...words, "a JSON document"].join(", ")}, or @file.`,
      },
    );
  }
}
