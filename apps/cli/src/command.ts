/**
 * A command as data: from one definition come the parser, `--help`, the reference page and the types of `run`.
 *
 * @packageDocumentation
 */
import type { ApiClient } from "./api-client.ts";
import type { Context } from "./context.ts";

/** One flag. Its key is camelCase; the flag is the same name in kebab-case. */
export interface OptionDefinition {
  /** `switch` takes no value; `list` may be given several times. */
  readonly kind: "switch" | "text" | "list" | "whole" | "number";
  /** A letter that stands for the flag too: `f` for `-f`. */
  readonly short?: string;
  /** How the value is called in help, e.g. `id`. */
  readonly value?: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** Shown in help only; commands apply their defaults themselves. */
  readonly fallback?: string;
}

/** A positional argument. */
export interface ArgumentDefinition {
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  /** Takes all that follow; only for the last one. */
  readonly many?: boolean;
}

type OptionValue<O extends OptionDefinition> = O["kind"] extends "switch"
  ? boolean
  : O["kind"] extends "list"
    ? readonly string[]
    : O["kind"] extends "whole" | "number"
      ? number | undefined
      : string | undefined;

/** What a command is run with. */
export interface Invocation<O extends Readonly<Record<string, OptionDefinition>>> {
  readonly context: Context;
  readonly args: readonly string[];
  readonly options: { readonly [K in keyof O]: OptionValue<O[K]> };
  /** True under `--json`. */
  readonly json: boolean;
  /** The API, made at first use: commands that never call it need no key. */
  readonly api: () => Promise<ApiClient>;
  /** The values of `--url` and `--api-key`, for `doctor` and `start`. */
  readonly given: { readonly url?: string; readonly apiKey?: string };
}

export interface CommandDefinition<
  O extends Readonly<Record<string, OptionDefinition>> = Readonly<Record<string, OptionDefinition>>,
> {
  readonly name: string;
  readonly summary: string;
  /** More than the summary, under it in help. */
  readonly description?: string;
  readonly args?: readonly ArgumentDefinition[];
  readonly options: O;
  readonly examples: readonly { readonly line: string; readonly meaning: string }[];
  /** Runs when its group is called by name alone. */
  readonly isDefault?: boolean;
  /** Answers the exit code; nothing means 0. */
  run(invocation: Invocation<O>): Promise<number | void>;
}

/** Commands under one word: `postrider partners list`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandDefinition[];
}

/** Types `run` from the options beside it. */
export function defineCommand<const O extends Readonly<Record<string, OptionDefinition>>>(
  definition: CommandDefinition<O>,
): CommandDefinition {
  return definition;
}

/** `maxInFlight` as its flag, `--max-in-flight`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The argument at a place that the definition requires. */
export function required(args: readonly string[], index: number): string {
  const value = args[index];
  if (value === undefined) throw new Error(`argument ${index} is required by the definition`);
  return value;
}
