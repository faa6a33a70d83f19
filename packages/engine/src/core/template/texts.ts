import type { DataPaths } from "./data-paths.ts";
import { pickValues } from "./data-paths.ts";
import { type PostbackFacts, readFact } from "./facts.ts";
import { IssueList, type Report, type TemplateIssue } from "./issue.ts";
import { lex } from "./lex.ts";
import { type Macro, MacroRegistry, type Piece } from "./plan.ts";
import { joinPieces } from "./render-pieces.ts";
import { isMissing, type Value } from "./value.ts";

/** A text that is compared with something, not sent: constant, or pieces with macros. */
export type ComparedText = string | readonly Piece[];

/** What the macros of compared texts need of the facts. */
export interface TextsPlan {
  readonly macros: readonly Macro[];
  readonly data: DataPaths | null;
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
  readonly #macros = new MacroRegistry();
  readonly #issues = new IssueList();

  /** The text, compiled. What is wrong with it is an issue of `field`. */
  add(source: string, field: string): ComparedText {
    const { pieces } = this.#macros.parameter(lex(source, this.reportFor(field)), (text) => text);
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
    const { macros, data } = this.#macros;
    return macros.length === 0 ? null : { macros, data };
  }
}

/** The values of all macros for one delivery. Total: a macro without a value is undefined. */
export function valuesOf({ macros, data }: TextsPlan, facts: PostbackFacts): readonly Value[] {
  const picked = data === null ? [] : pickValues(data, facts.dataText);
  return macros.map(({ from, filters }) => {
    let value = typeof from === "number" ? picked[from] : readFact(from, facts);
    for (const { definition, args } of filters) value = definition.apply(value, args);
    return value;
  });
}

/** The text to compare with. Null if one of its macros has no value: then nothing is like it. */
export function comparedText(text: ComparedText, values: readonly Value[]): string | null {
  if (typeof text === "string") return text;
  for (const piece of text) if (typeof piece === "number" && isMissing(values[piece])) return null;
  return joinPieces(text, values, (value) => value);
}
