import { pickValues } from "../template/data-paths.ts";
import type { PostbackFacts } from "../template/facts.ts";
import { comparedText, valuesOf } from "../template/texts.ts";
import type { Value } from "../template/value.ts";
import { compareNumbers } from "./compare-numbers.ts";
import type { BodyCheck, CompiledVerdicts, Expected, ValueCheck } from "./compiled.ts";

/**
 * The body of one answer, read only as far as the rules ask. A body that is not JSON has no values: this is found out
 * once, and only if a test of a value would hold.
 */
export class AnswerBody {
  readonly #verdicts: CompiledVerdicts;
  readonly #text: string;
  readonly #factsOf: () => PostbackFacts;
  #trimmed: string | null = null;
  #values: readonly Value[] | null = null;
  #isJson: boolean | null = null;
  #macros: readonly Value[] | null = null;

  constructor(verdicts: CompiledVerdicts, text: string, factsOf: () => PostbackFacts) {
    this.#verdicts = verdicts;
    this.#text = text;
    this.#factsOf = factsOf;
  }

  /** Whether the body is as a test expects it. */
  passes(check: BodyCheck): boolean {
    if (check.kind === "json") {
      const value = this.#valuesAt()[check.slot];
      for (const one of check.checks) if (!this.#holds(one, value)) return false;
      return this.#parses();
    }
    const text = comparedText(check.text, this.#macroValues());
    if (text === null) return false;
    this.#trimmed ??= this.#text.trim();
    switch (check.kind) {
      case "equals":
        return this.#trimmed === text.trim();
      case "contains":
        return text !== "" && this.#text.includes(text);
      case "starts":
        return text !== "" && this.#trimmed.startsWith(text.trimStart());
    }
  }

  /** The value in a slot, if the body is JSON. */
  valueAt(slot: number): Value {
    const value = this.#valuesAt()[slot];
    return value !== undefined && this.#parses() ? value : undefined;
  }

  #valuesAt(): readonly Value[] {
    const { values } = this.#verdicts;
    return (this.#values ??= values === null ? [] : pickValues(values, this.#text));
  }

  #macroValues(): readonly Value[] {
    const { texts } = this.#verdicts;
    return (this.#macros ??= texts === null ? [] : valuesOf(texts, this.#factsOf()));
  }

  #parses(): boolean {
    return (this.#isJson ??= isJson(this.#text));
  }

  #holds(check: ValueCheck, value: Value): boolean {
    if (check.kind === "exists") return (value !== undefined && !isNull(value)) === check.there;
    if (check.kind === "one_of") return check.values.some((expected) => this.#isLike(value, expected));
    const number = numberOf(value);
    const order = number === null ? null : compareNumbers(number, check.bound);
    if (order === null) return false;
    switch (check.kind) {
      case "gt":
        return order > 0;
      case "gte":
        return order >= 0;
      case "lt":
        return order < 0;
      case "lte":
        return order <= 0;
    }
  }

  #isLike(value: Value, expected: Expected): boolean {
    if (value === undefined) return false;
    if (expected.kind === "word") return typeof value === "object" && value.json === expected.json;
    if (expected.kind === "number") {
      const number = numberOf(value);
      return number !== null && compareNumbers(number, expected.text) === 0;
    }
    const text = comparedText(expected.text, this.#macroValues());
    if (text === null) return false;
    if (typeof value === "string") return value === text;
    // What a macro stands for may come back as a number, whatever the event had.
    return typeof expected.text === "object" && compareNumbers(value.json, text) === 0;
  }
}

const isNull = (value: Value): boolean => typeof value === "object" && value.json === "null";

/** The text of a number that is not in quotes. */
const numberOf = (value: Value): string | null =>
  typeof value === "object" && /^[-\d]/.test(value.json) ? value.json : null;

/** What no JSON text begins with is most answers that are none: for them no error is made. */
const begin = /^[\s]*["[{\-\dtfn]/;

function isJson(text: string): boolean {
  if (!begin.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
