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

/** The names of the options that set a key, in camelCase: none without a flag, two for switches (on and off). */
export function optionNames({ flag, path }: Pick<DocumentKey, "flag" | "path">): readonly string[] {
  if (flag === null) return [];
  const { form, name } = flag;
  if (typeof form === "object" && "switches" in form) return [form.switches.on.name, form.switches.off.name];
  return [name ?? path.at(-1)!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
}

/** The flags of the CLI that set a key, without their dashes: `["max-in-flight"]`. */
export function flagNames(key: DocumentKey): readonly string[] {
  return optionNames(key).map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
}
