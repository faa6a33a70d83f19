import { nearestName } from "@postrider/contract";
import { textOf, type Value } from "../value.ts";
import {
  type Argument,
  type ArgumentFault,
  type BoundFilter,
  changing,
  type FilterFamily,
} from "./filter.ts";
import { type NormRule, normRules } from "./norm-rules.ts";
import { isPhoneCountry } from "./phone.ts";

const rules: ReadonlyMap<string, NormRule> = new Map(
  normRules.flatMap((rule): [string, NormRule][] => [
    [rule.name, rule],
    ...(rule.name.includes("@") ? [] : [[`${rule.name}@1`, rule] as [string, NormRule]]),
  ]),
);

const usage = '|norm:"meta.email"';

function bindRule(rule: NormRule, country: Argument | undefined): BoundFilter | ArgumentFault {
  const also = { gives: "text", empties: true } as const;
  // A missing value, not an empty text: what cannot be normalized must not be hashed.
  const run = (text: string, code: string | null): Value =>
    rule.normalize(text.normalize("NFC"), code) ?? undefined;
  if (country === undefined) return changing((text) => run(text, null), also);
  if (rule.takesCountry !== true)
    return { argument: 1, message: `Only phone numbers take a country: |norm:"${rule.name}".` };
  if (country.kind === "path") {
    // Loaded now, so that no delivery waits for it.
    isPhoneCountry("US");
    const codeOf = (operand: Value): string | null => textOf(operand).toUpperCase() || null;
    return changing((text, operand) => run(text, codeOf(operand)), { ...also, operand: country.path });
  }
  const code = country.kind === "text" ? country.text : "";
  if (!isPhoneCountry(code))
    return {
      argument: 1,
      message: `Write the country's two letters of ISO 3166-1, in capitals, or a path: |norm:"${rule.name}","FR".`,
    };
  return changing((text) => run(text, code), also);
}

function bindNorm(name: Argument | undefined, country: Argument | undefined): BoundFilter | ArgumentFault {
  const asked = name?.kind === "text" ? name.text : "";
  const rule = rules.get(asked);
  if (rule !== undefined) return bindRule(rule, country);
  return { argument: 0, message: () => unknownRule(asked) };
}

function unknownRule(asked: string): string {
  const known = normRules.map(({ name }) => name);
  const near = nearestName(asked, known);
  const remedy = near === null ? `Known are ${known.join(", ")}.` : `Did you mean "${near}"?`;
  return `There is no rule of that name. ${remedy}`;
}

/**
 * What partners do with personal data before they hash it, as rules with names: `norm:"meta.email"|sha256`. A value that
 * cannot be normalized, such as a text without `@` for an e-mail address, is missing.
 */
export const normFilters: FilterFamily = {
  norm: {
    usage,
    parameters: [{ kinds: ["text"] }, { kinds: ["text", "path"], optional: true }],
    takes: ["any", "text", "number"],
    bind: ([name, country]) => bindNorm(name, country),
  },
};
