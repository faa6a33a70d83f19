import type { BehaviourKind, Step } from "./behaviour.ts";
import { parseCompactStep } from "./compact-step.ts";
import { SandboxError } from "./errors.ts";
import { behaviourFields, reachFields } from "./step-fields.ts";

/**
 * Reads a script: compact text, one step as an object, or a list that mixes both. Pure; the input is not kept.
 *
 * Compact text is a comma list of `name[xTIMES][:argument]`, with `each:` in front if its steps count per delivery:
 * `ok`, `ok:204`, `500x2`, `429:2s`, `429:2s@date`, `limit:20/s`, `slow:500ms`, `slow_body:100ms/5s`,
 * `redirect:https://else.where/`, and `endless_body`, `reset`, `reset_body`, `garbage`, `nul_body`, `hang`, `close`.
 * A comma in a redirect's location must be written `%2C`.
 *
 * @throws SandboxError `behaviour_invalid`; the message names the step, counted from 1
 * @example
 * ```ts
 * parseBehaviours("each:500x2,ok");
 * // [{ kind: "status", status: 500, times: 2, each: "delivery" }, { kind: "ok", each: "delivery" }]
 * ```
 */
export function parseBehaviours(source: unknown): Step[] {
  const entries: readonly unknown[] = Array.isArray(source) ? source : [source];
  const steps = entries.flatMap((entry) => (typeof entry === "string" ? compact(entry) : [entry]));
  if (steps.length === 0)
    throw new SandboxError("behaviour_invalid", 'A script needs at least one step, such as "ok".');
  return steps.map((step, index) =>
    at(index, () => (typeof step === "string" ? parseCompact(step) : checkStep(step))),
  );
}

/** Splits a text into steps; a leading `each:` is carried to all of them. */
function compact(text: string): string[] {
  const perDelivery = text.trimStart().startsWith("each:");
  const list = perDelivery ? text.trimStart().slice("each:".length) : text;
  return list.split(",").map((part) => (perDelivery ? `each:${part.trim()}` : part.trim()));
}

function parseCompact(text: string): Step {
  const perDelivery = text.startsWith("each:");
  const step = parseCompactStep(perDelivery ? text.slice("each:".length) : text);
  return checkStep(perDelivery ? { ...step, each: "delivery" } : step);
}

function checkStep(value: unknown): Step {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(
      `expected text such as "500x2" or an object such as {"kind":"ok"}, got ${JSON.stringify(value)}`,
    );
  }
  const { kind, ...fields } = value as Record<string, unknown>;
  if (typeof kind !== "string" || !Object.hasOwn(behaviourFields, kind)) {
    throw new Error(
      `"kind" must be one of ${Object.keys(behaviourFields).join(", ")}, got ${JSON.stringify(kind)}`,
    );
  }
  const rules = { ...behaviourFields[kind as BehaviourKind], ...reachFields };
  for (const [name, field] of Object.entries(fields)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw new Error(`${kind} has no field "${name}"; it has ${Object.keys(rules).join(", ")}`);
    if (!rule.accepts(field))
      throw new Error(`"${name}" must be ${rule.words}, got ${JSON.stringify(field)}`);
  }
  const missing = Object.entries(rules).find(([name, rule]) => rule.required && !Object.hasOwn(fields, name));
  if (missing) throw new Error(`${kind} needs "${missing[0]}", ${missing[1].words}`);
  checkTogether(kind, fields);
  return structuredClone(value) as Step;
}

/** Fields that mean nothing without another one are refused rather than ignored. */
function checkTogether(kind: string, fields: Record<string, unknown>): void {
  if (kind !== "rate_limit") return;
  if ("burst" in fields && !("per_second" in fields)) throw new Error('"burst" needs "per_second"');
  if ("retry_after_form" in fields && !("retry_after_ms" in fields) && !("per_second" in fields)) {
    throw new Error('"retry_after_form" needs "retry_after_ms" or "per_second"');
  }
}

function at<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SandboxError("behaviour_invalid", `Step ${index + 1}: ${(error as Error).message}.`);
  }
}
