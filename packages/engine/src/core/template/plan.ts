import type { DataPaths } from "./data-paths.ts";
import type { FactRoot } from "./facts.ts";
import type { PlannedFilter } from "./filters/filter.ts";
import type { PersonalWatch } from "./personal-plan.ts";
import type { Modifier } from "./parse-macro.ts";
import type { Value } from "./value.ts";

/** A macro ready to be evaluated. Its value is put at `index` among the values of the template. */
export interface Macro {
  readonly index: number;
  readonly name: string;
  /**
   * A fact, the number of the item, a slot among the values picked by the scope's paths, or a partner's own text that
   * could not be put into the plan, because it is missing or a filter fails for it.
   */
  readonly from: FactRoot | "n" | number | { readonly text: Value };
  readonly modifier: Modifier;
  readonly filters: readonly PlannedFilter[];
}

/** Macros that are evaluated together: those of the event, or those of one item. `paths` lead into its JSON text. */
export interface Scope {
  readonly paths: DataPaths | null;
  readonly macros: readonly Macro[];
}

/**
 * What is repeated for each item of a list: the macros of one item, and the index of the macro whose value is the list.
 * `from` is the number of the first item.
 */
export interface Repetition extends Scope {
  readonly list: Macro;
  readonly from: number;
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
  readonly groups: readonly GroupPlan[];
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
  | { readonly kind: "array"; readonly items: readonly JsonPlan[] }
  /** The JSON text of another node, as a string. */
  | { readonly kind: "json_text"; readonly node: JsonPlan }
  /** A list with one node per item of the repetition of this index. */
  | { readonly kind: "each"; readonly repetition: number; readonly node: JsonPlan };

/** A parameter of a group: pieces already encoded with their name, or a name and a node that is sent as JSON text. */
export type GroupParameter =
  | { readonly kind: "text"; readonly parameter: Parameter }
  | { readonly kind: "json"; readonly name: readonly Piece[]; readonly node: JsonPlan };

/**
 * A parameter that is sent once, with the values of all items; each column is not encoded yet, the name is. `isHeld` if a
 * text of the partner in it holds the separator.
 */
export interface JoinedParameter {
  readonly name: string;
  readonly column: Parameter;
  readonly isHeld: boolean;
}

/** Parameters after those of the URL: sent once, once per item, or joined over the items. */
export type GroupPlan =
  | { readonly kind: "once"; readonly parameters: readonly GroupParameter[] }
  | { readonly kind: "each"; readonly repetition: number; readonly parameters: readonly GroupParameter[] }
  | {
      readonly kind: "join";
      readonly repetition: number;
      readonly separator: string;
      readonly parameters: readonly JoinedParameter[];
    };

export type BodyPlan =
  | { readonly kind: "none" }
  | { readonly kind: "envelope" }
  | {
      readonly kind: "form";
      readonly fields: readonly Parameter[];
      readonly groups: readonly GroupPlan[];
    }
  | { readonly kind: "text"; readonly text: Parameter }
  | { readonly kind: "envelope_form" }
  | { readonly kind: "json"; readonly document: JsonPlan };

/** A header; the name is in lower case. */
export interface HeaderPlan extends Parameter {
  readonly name: string;
}

/**
 * What the renderer walks over; built once by the compiler, never changed. `valueCount` is the number of values;
 * `event` has the macros of the event and the delivery, `item` those of the item that the request is for. Within a
 * repetition the values of its macros are those of the current item.
 */
export interface TemplatePlan {
  readonly valueCount: number;
  readonly event: Scope;
  readonly item: Scope | null;
  readonly repetitions: readonly Repetition[];
  readonly url: UrlPlan;
  readonly headers: readonly HeaderPlan[];
  readonly body: BodyPlan;
  /** What is looked through for personal data before the request is made; null if nothing is. */
  readonly personal: PersonalWatch | null;
}
