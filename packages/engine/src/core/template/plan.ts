import { DataPathSet, type DataPaths } from "./data-paths.ts";
import type { FactRoot } from "./facts.ts";
import type { AppliedFilter } from "./filters.ts";
import type { Part } from "./lex.ts";
import type { MacroSource, Modifier } from "./parse-macro.ts";

/** A macro ready to be evaluated: a fact, or the value at `slot` among the data values picked. */
export interface Macro {
  readonly name: string;
  readonly from: FactRoot | number;
  readonly modifier: Modifier;
  readonly filters: readonly AppliedFilter[];
}

/** Literal text already encoded for its place, or the index of a macro. */
export type Piece = string | number;

/** A sequence of pieces that is dropped as a whole when one of the `optional` macros is missing. */
export interface Parameter {
  readonly pieces: readonly Piece[];
  readonly optional: readonly number[];
}

/** A URL: constant text, or an origin, path segments (text, or pieces when they hold macros) and parameters. */
export interface UrlPlan {
  readonly constant: string | null;
  readonly path: readonly (string | readonly Piece[])[];
  readonly query: readonly Parameter[];
}

/** A JSON document: constant JSON text, a leaf that is one macro, a leaf that mixes text and macros, or a branch. */
export type JsonPlan =
  | { readonly kind: "constant"; readonly json: string }
  | { readonly kind: "macro"; readonly macro: number; readonly optional: readonly number[] }
  | { readonly kind: "text"; readonly pieces: readonly Piece[]; readonly optional: readonly number[] }
  | {
      readonly kind: "object";
      readonly members: readonly { readonly key: string; readonly value: JsonPlan }[];
    }
  | { readonly kind: "array"; readonly items: readonly JsonPlan[] };

export type BodyPlan =
  | { readonly kind: "none" }
  | { readonly kind: "envelope" }
  | { readonly kind: "form"; readonly fields: readonly Parameter[] }
  | { readonly kind: "envelope_form" }
  | { readonly kind: "json"; readonly document: JsonPlan };

/** A header; the name is in lower case. */
export interface HeaderPlan extends Parameter {
  readonly name: string;
}

/** What the renderer walks over; built once by the compiler, never changed. */
export interface TemplatePlan {
  readonly macros: readonly Macro[];
  readonly data: DataPaths | null;
  readonly url: UrlPlan;
  readonly headers: readonly HeaderPlan[];
  readonly body: BodyPlan;
}

/** Numbers the macros of one template while it is compiled. */
export class MacroRegistry {
  readonly #macros: Macro[] = [];
  readonly #paths = new DataPathSet();

  /** Adds one macro and gives its index. */
  add(source: MacroSource): number {
    const { name, root, segments, modifier, filters } = source;
    const from = root === "data" ? this.#paths.slotOf(segments) : root;
    return this.#macros.push({ name, from, modifier, filters }) - 1;
  }

  /** Turns parts into pieces, literal text encoded by `encodeLiteral`. */
  parameter(parts: readonly Part[], encodeLiteral: (text: string) => string): Parameter {
    const pieces: Piece[] = [];
    const optional: number[] = [];
    for (const part of parts) {
      if (part.kind === "literal") {
        const text = encodeLiteral(part.text);
        const last = pieces.at(-1);
        if (typeof last === "string") pieces[pieces.length - 1] = last + text;
        else pieces.push(text);
      } else if (part.macro !== null) {
        const index = this.add(part.macro);
        pieces.push(index);
        if (part.macro.modifier === "optional") optional.push(index);
      }
    }
    return { pieces, optional };
  }

  get macros(): readonly Macro[] {
    return this.#macros;
  }

  get data(): DataPaths | null {
    return this.#paths.build();
  }
}
