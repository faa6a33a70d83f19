import { isMissing, type Value } from "./value.ts";

/** The kinds of argument a filter can ask for; `text` is written in double quotes with JSON's escapes. */
type ArgumentKind = "text";

/**
 * A filter: a pure, total function from value to value. To add one, add a row to the table below; the parser
 * checks the arguments against `args` and the renderer applies filters from left to right.
 */
export interface FilterDefinition {
  /** One kind per argument, in order; all are required. */
  readonly args: readonly ArgumentKind[];
  /** The filter turns a missing value into a present one, so `!` and `?` beside it would never act. */
  readonly fillsMissing: boolean;
  readonly apply: (value: Value, args: readonly string[]) => Value;
  /** How the filter is written, for messages. */
  readonly usage: string;
}

/** A filter with its arguments, as it stands in a macro. */
export interface AppliedFilter {
  readonly definition: FilterDefinition;
  readonly args: readonly string[];
}

/** The filters of the language by name. */
export const filters: ReadonlyMap<string, FilterDefinition> = new Map<string, FilterDefinition>([
  [
    "default",
    {
      args: ["text"],
      fillsMissing: true,
      apply: (value, [text]) => (isMissing(value) ? text : value),
      usage: '|default:"0"',
    },
  ],
]);
