import { z } from "zod";
import { unwrapped } from "./complete.ts";
import { type Flag, flags } from "./flags.ts";

/** One key of a document, for pages, help and forms. */
export interface DocumentKey {
  /** Where it is, from the outermost object: `["retry", "jitter"]`. */
  readonly path: readonly string[];
  /** What it is for. */
  readonly meaning: string;
  /** What a document without it has; undefined if it must be given, or depends on another key. */
  readonly fallback: unknown;
  /** Whether a document must have it. */
  readonly required: boolean;
  /** All values, if they are few. */
  readonly choices: readonly string[] | null;
  readonly flag: Flag | null;
}

/**
 * The keys of a document in their order; those of an object within it follow its own.
 *
 * @example keysOf(partnerDocument).map(({ path }) => path.join(".")) // ["name", "rate_per_second", …]
 */
export function keysOf(document: z.ZodObject, within: readonly string[] = []): readonly DocumentKey[] {
  return Object.entries(document.shape).flatMap(([name, of]) => {
    const schema = of as z.ZodType;
    const path = [...within, name];
    const missing = schema.safeParse(undefined);
    const inner = unwrapped(schema);
    const key: DocumentKey = {
      path,
      meaning: schema.description ?? "",
      fallback: missing.success ? missing.data : undefined,
      required: !missing.success,
      choices: inner instanceof z.ZodEnum ? inner.options.map(String) : null,
      flag: flags.get(schema) ?? null,
    };
    return inner instanceof z.ZodObject ? [key, ...keysOf(inner, path)] : [key];
  });
}

/** The name of a key's option in camelCase; empty if it has no flag. Not for `switches`, which has two. */
export function optionName({ flag, path }: Pick<DocumentKey, "flag" | "path">): string {
  return flag === null
    ? ""
    : (flag.name ?? path.at(-1)!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
}

/** The flags of the CLI that set a key, without their dashes: `["max-in-flight"]`. */
export function flagNames(key: DocumentKey): readonly string[] {
  if (key.flag === null) return [];
  if (key.flag.form === "switches") return ["enable", "disable"];
  return [optionName(key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)];
}
