import type { EndpointDocument, ExpectedValue, JsonTest, VerdictRule } from "@postrider/contract";
import type { Issue } from "../errors.ts";
import { isRawNumber } from "@postrider/contract/exact-json";
import { asIssue } from "../template/index.ts";
import { DataPathSet } from "../template/data-paths.ts";
import { ComparedTexts } from "../template/texts.ts";
import type {
  BodyCheck,
  CompiledRule,
  CompiledVerdicts,
  Expected,
  Order,
  ValueCheck,
  WaitPlace,
} from "./compiled.ts";
import { parsePointer } from "./pointer.ts";
import { unreachableRules } from "./reach.ts";

/** The codes of issues beside those of templates, which macros in expectations have. */
export const verdictIssueCodes = ["invalid_pointer", "unreachable_rule"] as const;

/** The rules, ready to judge (null: there are none), or all that is wrong with them. */
export type VerdictsResult =
  | { readonly ok: true; readonly verdicts: CompiledVerdicts | null }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const orders: readonly Order[] = ["gt", "gte", "lt", "lte"];

/**
 * Compiles the verdict rules of an endpoint. Total; linear in the rules but for the search for those that cannot be
 * reached, which compares each with those before it.
 *
 * @example
 * const compiled = compileVerdicts({ verdicts: [{ when: { starts: "success=true" }, then: "delivered" }] });
 */
export function compileVerdicts({ verdicts }: Pick<EndpointDocument, "verdicts">): VerdictsResult {
  if (verdicts.length === 0) return { ok: true, verdicts: null };
  const compiler = new RuleCompiler();
  const rules = verdicts.map((rule, index) => compiler.rule(rule, index));
  const issues = [...compiler.issues, ...reachIssues(verdicts, rules)];
  if (issues.length > 0) return { ok: false, issues };
  return {
    ok: true,
    verdicts: {
      rules,
      namesDelivered: rules.some(({ then }) => then === "delivered"),
      values: compiler.values,
      texts: compiler.texts,
    },
  };
}

class RuleCompiler {
  readonly #texts = new ComparedTexts();
  readonly #values = new DataPathSet();
  readonly #faults: Issue[] = [];

  get issues(): readonly Issue[] {
    return [...this.#faults, ...this.#texts.issues.map(asIssue)];
  }

  get values() {
    return this.#values.build();
  }

  get texts() {
    return this.#texts.plan;
  }

  rule({ when, then, wait, note }: VerdictRule, index: number): CompiledRule {
    const path = `verdicts[${index}]`;
    return {
      index,
      then,
      note: note ?? null,
      statuses: when.status === undefined ? null : statusesOf(when.status),
      body: this.#body(when, `${path}.when`),
      wait: wait === undefined ? null : this.#wait(wait, `${path}.wait`),
    };
  }

  #body(when: VerdictRule["when"], path: string): readonly BodyCheck[] {
    const checks: BodyCheck[] = [];
    for (const kind of ["starts", "equals", "contains"] as const) {
      const text = when[kind];
      if (text !== undefined) checks.push({ kind, text: this.#texts.add(text, `${path}.${kind}`) });
    }
    const { json } = when;
    if (json === undefined) return checks;
    const isList = Array.isArray(json);
    ([json].flat() as readonly JsonTest[]).forEach((test, at) =>
      checks.push(this.#json(test, isList ? `${path}.json[${at}]` : `${path}.json`)),
    );
    return checks;
  }

  #json(test: JsonTest, path: string): BodyCheck {
    const checks: ValueCheck[] = [];
    if (test.equals !== undefined)
      checks.push({ kind: "one_of", values: [this.#expected(test.equals, `${path}.equals`)] });
    if (test.in !== undefined) {
      const values = test.in.map((value, at) => this.#expected(value, `${path}.in[${at}]`));
      checks.push({ kind: "one_of", values });
    }
    if (test.exists !== undefined) checks.push({ kind: "exists", there: test.exists });
    for (const kind of orders) {
      const bound = test[kind];
      if (bound !== undefined) checks.push({ kind, bound: numberText(bound) });
    }
    return { kind: "json", slot: this.#slot(test.pointer, `${path}.pointer`), checks };
  }

  #expected(value: ExpectedValue, field: string): Expected {
    if (typeof value === "string") return { kind: "text", text: this.#texts.add(value, field) };
    if (value === null || typeof value === "boolean")
      return { kind: "word", json: String(value) as "true" | "false" | "null" };
    return { kind: "number", text: numberText(value) };
  }

  #wait(wait: NonNullable<VerdictRule["wait"]>, path: string): WaitPlace {
    return "pointer" in wait
      ? { kind: "pointer", slot: this.#slot(wait.pointer, `${path}.pointer`) }
      : { kind: "header", name: wait.header.toLowerCase() };
  }

  /** Where the value of a pointer is put when the answer's values are picked. */
  #slot(pointer: string, path: string): number {
    const names = parsePointer(pointer);
    if ("message" in names) {
      this.#faults.push({ path, code: "invalid_pointer", ...names });
      return 0;
    }
    return this.#values.slotOf(names);
  }
}

const numberText = (value: Exclude<ExpectedValue, string | boolean | null>): string =>
  isRawNumber(value) ? value.rawJSON : JSON.stringify(value);

/** All statuses that a rule names. */
function statusesOf(status: NonNullable<VerdictRule["when"]["status"]>): ReadonlySet<number> {
  const statuses = new Set<number>();
  for (const one of [status].flat()) {
    if (typeof one === "number") {
      statuses.add(one);
      continue;
    }
    const first = Number(one[0]) * 100;
    for (let each = first; each < first + 100; each += 1) statuses.add(each);
  }
  return statuses;
}

function reachIssues(verdicts: readonly VerdictRule[], rules: readonly CompiledRule[]): readonly Issue[] {
  const statuses = rules.map((rule) => rule.statuses);
  return unreachableRules(verdicts, statuses).map(({ index, takenBy }) => ({
    path: `verdicts[${index}]`,
    code: "unreachable_rule",
    message: `no answer reaches this rule, because ${takenBy === null ? "the rules before it take" : `verdicts[${takenBy}] takes`} all that it is for: move it up, or remove it`,
  }));
}
