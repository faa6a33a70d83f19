import { pickValues } from "./data-paths.ts";
import { sourceValue } from "./evaluate.ts";
import type { PostbackFacts } from "./facts.ts";
import { applyFilters, isInvalid } from "./filters/filter.ts";
import { IssueList, type Report, type TemplateIssue } from "./issue.ts";
import { lex, type Part } from "./lex.ts";
import { MacroRegistry } from "./macro-registry.ts";
import { plainPlace } from "./places.ts";
import type { Piece, Scope } from "./plan.ts";
import { joinPieces } from "./render-pieces.ts";
import { isMissing, type Value } from "./value.ts";

/** A text that is compared with something, not sent: constant, or pieces with macros. */
export type ComparedText = string | readonly Piece[];

/** What the macros of compared texts need of the facts. */
export interface TextsPlan {
  readonly valueCount: number;
  readonly event: Scope;
}

/**
 * Compiles texts of the template language that are compared and not sent, such as what a partner is expected to answer.
 * They share one walk over the event's data.
 *
 * @example
 * const texts = new ComparedTexts();
 * const expected = texts.add("{event_id}:OK", "verdicts[0].when.equals");
 */
export class ComparedTexts {
  readonly #macros = new MacroRegistry({}, false);
  readonly #issues = new IssueList();

  /** The text, compiled. What is wrong with it is an issue of `field`. */
  add(source: string, field: string): ComparedText {
    const report = this.reportFor(field);
    const parts = lex(source, report).filter((part) => isComparable(part, report));
    const { pieces } = this.#macros.parameter(parts, plainPlace, report);
    if (pieces.length === 0) return "";
    const [first] = pieces;
    return pieces.length === 1 && typeof first === "string" ? first : pieces;
  }

  /** Files an issue under a field. */
  reportFor(field: string): Report {
    return this.#issues.reportFor(field);
  }

  /** All that is wrong. */
  get issues(): readonly TemplateIssue[] {
    return this.#issues.toArray();
  }

  /** Null if no text has a macro: then no facts are needed. */
  get plan(): TextsPlan | null {
    const { valueCount, event } = this.#macros.build();
    return valueCount === 0 ? null : { valueCount, event };
  }
}

/** A partner's own texts are not compared: a secret must not be guessed from what answers are taken for. */
function isComparable(part: Part, report: Report): boolean {
  const root = part.kind === "macro" ? part.macro?.root : undefined;
  if (root !== "secret" && root !== "const") return true;
  report("macro_not_allowed", part.start, `{${root}.…} may stand in requests only: write the text itself.`);
  return false;
}

/** An answer is read as far as 64 KiB: nothing in it is like a longer text. */
const longestCompared = 65_536;

/** The values of all macros for one delivery. Total: a macro without a value, or with one that a filter refuses, is undefined. */
export function valuesOf({ valueCount, event }: TextsPlan, facts: PostbackFacts): readonly Value[] {
  const values: Value[] = Array.from({ length: valueCount });
  const picked = event.paths === null ? [] : pickValues(event.paths, facts.dataText);
  for (const macro of event.macros) {
    const value = applyFilters(sourceValue(macro, picked, { n: 0, facts }), macro.filters, values);
    values[macro.index] = isInvalid(value) ? undefined : value;
  }
  return values;
}

/** The text to compare with. Null if one of its macros has no value: then nothing is like it. */
export function comparedText(text: ComparedText, values: readonly Value[]): string | null {
  if (typeof text === "string") return text;
  for (const piece of text) if (typeof piece === "number" && isMissing(values[piece])) return null;
  return joinPieces(text, values, (value) => value, longestCompared);
}
