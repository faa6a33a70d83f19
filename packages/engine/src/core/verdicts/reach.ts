import type { VerdictRule } from "@postrider/contract";
import { isRawNumber } from "@postrider/contract/exact-json";

/** What is compared of a rule: the statuses that it is for (null: all), and its tests of the body as texts. */
interface Reach {
  readonly statuses: ReadonlySet<number> | null;
  readonly tests: ReadonlySet<string>;
}

/**
 * The rules that no answer can reach, each with the rule that takes its answers before it; null for that one if several
 * do so together. It finds rules that repeat, or are narrower than, an earlier one; not each rule that cannot match.
 *
 * @param statusesOf the statuses of each rule; null for all
 */
export function unreachableRules(
  rules: readonly VerdictRule[],
  statusesOf: readonly (ReadonlySet<number> | null)[],
): readonly { readonly index: number; readonly takenBy: number | null }[] {
  const found: { index: number; takenBy: number | null }[] = [];
  const taken = new Set<number>();
  const before: Reach[] = [];
  rules.forEach((rule, index) => {
    const reach = { statuses: statusesOf[index] ?? null, tests: testsOf(rule) };
    const takenBy = before.findIndex((earlier) => includes(earlier, reach));
    if (takenBy !== -1) found.push({ index, takenBy });
    else if (reach.statuses !== null && isSubset(reach.statuses, taken)) found.push({ index, takenBy: null });
    before.push(reach);
    if (reach.tests.size === 0) for (const status of reach.statuses ?? []) taken.add(status);
  });
  return found;
}

/** Whether each answer that `narrow` is for is one that `wide` is for. */
function includes(wide: Reach, narrow: Reach): boolean {
  if (wide.statuses !== null && (narrow.statuses === null || !isSubset(narrow.statuses, wide.statuses)))
    return false;
  return isSubset(wide.tests, narrow.tests);
}

function isSubset<Item>(part: ReadonlySet<Item>, whole: ReadonlySet<Item>): boolean {
  for (const item of part) if (!whole.has(item)) return false;
  return true;
}

function testsOf({ when: { status: _status, json, ...texts } }: VerdictRule): ReadonlySet<string> {
  const tests = Object.entries(texts).map(([kind, text]) => `${kind} ${String(text)}`);
  for (const { pointer, ...checks } of json === undefined ? [] : [json].flat())
    for (const [kind, expected] of Object.entries(checks))
      if (expected !== undefined) tests.push(`json ${kind} ${written(pointer)} ${written(expected)}`);
  return new Set(tests);
}

const written = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (isRawNumber(inner) ? inner.rawJSON : inner));
