import { readFileSync } from "node:fs";
import { verdictRules, type VerdictRule } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";
import type { VerdictWord } from "./judge.ts";

/** An answer of a recipe, and what it means. */
export interface RecipeAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly is: VerdictWord;
  readonly wait?: string;
}

/** Rules that a page shows, with answers or with why they are refused. */
export interface Recipe {
  /** The page, and the words before the rules. */
  readonly name: string;
  readonly verdicts: readonly VerdictRule[];
  readonly answers?: readonly RecipeAnswer[];
  readonly refused?: object;
}

/** What the pages on verdict rules show, in their order. */
export function recipesOf(page: "guide/answers.md" | "reference/verdicts.md"): readonly Recipe[] {
  const text = readFileSync(new URL(`../../../../../docs/${page}`, import.meta.url), "utf8");
  return [...text.matchAll(/([^\n]*)\n\n```json\n(.*?)```/gs)].map(([, before = "", block = ""]) => {
    const recipe = parseExactJson(block) as Recipe;
    verdictRules.parse(recipe.verdicts);
    return { ...recipe, name: `${page}: ${before.slice(0, 60)}` };
  });
}
