/** Verdict rules as an attempt uses them. Plain immutable data, made once per version of an endpoint. */
import type { RuleVerdict } from "@postrider/contract";
import type { DataPaths } from "../template/data-paths.ts";
import type { ComparedText, TextsPlan } from "../template/texts.ts";

/** A value that an answer is compared with: a number as its JSON text, a word of JSON, or a text. */
export type Expected =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "word"; readonly json: "true" | "false" | "null" }
  | { readonly kind: "text"; readonly text: ComparedText };

/** How a number is compared. */
export type Order = "gt" | "gte" | "lt" | "lte";

/** What is expected of one value. */
export type ValueCheck =
  | { readonly kind: "one_of"; readonly values: readonly Expected[] }
  | { readonly kind: "exists"; readonly there: boolean }
  | { readonly kind: Order; readonly bound: string };

/** What is expected of a body. */
export type BodyCheck =
  | { readonly kind: "equals" | "contains" | "starts"; readonly text: ComparedText }
  /** `slot`: of the value, among those that are picked from the answer. */
  | { readonly kind: "json"; readonly slot: number; readonly checks: readonly ValueCheck[] };

/** Where an answer says how long to wait. */
export type WaitPlace =
  | { readonly kind: "pointer"; readonly slot: number }
  /** In lower case. */
  | { readonly kind: "header"; readonly name: string };

/** One rule. */
export interface CompiledRule {
  /** Its place in the document, from 0. */
  readonly index: number;
  readonly then: RuleVerdict;
  readonly note: string | null;
  /** Null: any status. */
  readonly statuses: ReadonlySet<number> | null;
  /** Those of the body, the cheap ones first. */
  readonly body: readonly BodyCheck[];
  readonly wait: WaitPlace | null;
}

/** The rules of an endpoint. */
export interface CompiledVerdicts {
  readonly rules: readonly CompiledRule[];
  /** A rule says `delivered`: then a 2xx that no rule knows is not delivered. */
  readonly namesDelivered: boolean;
  /** The values that the rules ask of a JSON answer, all found in one walk; null if they ask none. */
  readonly values: DataPaths | null;
  /** The macros in what is expected; null if there are none. */
  readonly texts: TextsPlan | null;
}
