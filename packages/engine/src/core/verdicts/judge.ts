import type { RuleVerdict } from "@postrider/contract";
import { classify, type ExchangeFacts, type ExchangeVerdict } from "../classify.ts";
import { retryAfterMs } from "../retry-after.ts";
import type { PostbackFacts } from "../template/facts.ts";
import { AnswerBody } from "./answer-body.ts";
import type { CompiledRule, CompiledVerdicts, WaitPlace } from "./compiled.ts";

/** The parts of an exchange that rules look at. */
export interface AnswerFacts extends ExchangeFacts {
  readonly responseBody: string;
  /** True if the body went on past what is read of it, or could not be read, or not to its end. */
  readonly truncated: boolean;
  /** Headers that rules ask for, by their names in lower case. Absent: none. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
}

/** What an answer means, and how that was found. */
export interface Judgement {
  readonly verdict: ExchangeVerdict;
  /** The rule that decided; null if the status did, or no rule knew the answer. */
  readonly rule: CompiledRule | null;
  /** How long the partner asks to wait, as it wrote it: where the rule says, else by Retry-After. Null: it does not ask. */
  readonly retryAfter: string | null;
}

/**
 * The verdict on an exchange, by the rules of its endpoint in their order: the first that matches decides.
 *
 * | the answer | verdict |
 * |---|---|
 * | a rule matches | what the rule says |
 * | its body was not read in full, and a rule asks it before one has matched | unknown: retried |
 * | a 2xx that no rule matches, and one of the rules says `delivered` | unknown: retried |
 * | anything else, and no answer | what the status says: {@link classify} |
 *
 * @param verdicts null: there are no rules
 * @param factsOf what the macros in the rules stand for; asked only if there are any
 */
export function judge(
  verdicts: CompiledVerdicts | null,
  exchange: AnswerFacts,
  factsOf: () => PostbackFacts,
): Judgement {
  const retryAfter = exchange.retryAfter ?? null;
  const { status } = exchange;
  if (verdicts === null || status === null) return { verdict: classify(exchange), rule: null, retryAfter };
  const cut = exchange.truncated || exchange.failure !== null;
  const body = new AnswerBody(verdicts, exchange.responseBody, factsOf);
  for (const rule of verdicts.rules) {
    if (rule.statuses !== null && !rule.statuses.has(status)) continue;
    if (rule.body.length > 0 && cut)
      return { verdict: unread(exchange, status, rule), rule: null, retryAfter };
    if (!rule.body.every((check) => body.passes(check))) continue;
    const asked = rule.wait === null ? null : waitText(rule.wait, exchange, body);
    return { verdict: verdictOf(rule, status), rule, retryAfter: asked ?? retryAfter };
  }
  const isUnknown = verdicts.namesDelivered && status >= 200 && status < 300;
  return { verdict: isUnknown ? unmatched(status) : classify(exchange), rule: null, retryAfter };
}

/** What is stored and shown of a rule's decision: the rule and its note, and nothing of the answer. */
function verdictOf(rule: CompiledRule, status: number): ExchangeVerdict {
  const says = `status ${status}, ${ruleName(rule)}`;
  switch (rule.then) {
    case "delivered":
      return { kind: "accepted", reason: "accepted_by_rule" };
    case "duplicate":
      return { kind: "accepted", reason: "duplicate" };
    case "retry":
      return { kind: "retryable", reason: "not_accepted", error: `not_accepted: ${says}` };
    case "slow":
      return { kind: "client_error", reason: "rejected_by_rule", error: `rejected_by_rule: ${says}` };
    case "dead":
      return { kind: "refused", reason: "refused_by_rule", error: `refused_by_rule: ${says}` };
    case "pause": {
      const note = `The answer matched ${ruleName(rule)}: paused until an operator resumes it.`;
      return { kind: "gone", error: `paused_by_rule: ${says}`, note };
    }
  }
}

/** A rule in words, as issues name it, with its note. @example ruleName(rule) // "verdicts[2] (unknown click)" */
export function ruleName({ index, note }: Pick<CompiledRule, "index" | "note">): string {
  return `verdicts[${index}]${note === null ? "" : ` (${note})`}`;
}

const unmatched = (status: number): ExchangeVerdict => ({
  kind: "retryable",
  reason: "verdict_unknown",
  error: `verdict_unknown: status ${status}, and no rule of verdicts matched the answer`,
});

function unread(
  { failure, truncated }: Pick<AnswerFacts, "failure" | "truncated">,
  status: number,
  rule: CompiledRule,
): ExchangeVerdict {
  const why = truncated
    ? "went on past what is read of it, or could not be read"
    : `was not complete (${failure?.class})`;
  return {
    kind: "retryable",
    reason: "verdict_unknown",
    error: `verdict_unknown: status ${status}, and the body that ${ruleName(rule)} asks for ${why}`,
  };
}

/** Null if it is not there, or cannot be read as a wait. */
function waitText(place: WaitPlace, exchange: AnswerFacts, body: AnswerBody): string | null {
  const text = place.kind === "pointer" ? numberOrText(body, place.slot) : headerOf(place.name, exchange);
  // Whether it can be read does not depend on the time.
  return text !== null && retryAfterMs(text, 0) !== null ? text : null;
}

function numberOrText(body: AnswerBody, slot: number): string | null {
  const value = body.valueAt(slot);
  if (typeof value !== "object") return value ?? null;
  const number = Number(value.json);
  // As digits: 1.5e3 is a number of seconds too.
  return Number.isFinite(number) && /^[-\d]/.test(value.json) ? String(number) : null;
}

function headerOf(name: string, { retryAfter, answerHeaders }: AnswerFacts): string | null {
  return name === "retry-after" ? (retryAfter ?? null) : (answerHeaders?.[name] ?? null);
}

/** How a verdict is called in answers, with or without a rule that made it. */
export type VerdictWord = RuleVerdict | "unknown";

/**
 * What an answer would make of its delivery, in the words of the rules.
 *
 * @example verdictWord(judge(null, exchange, factsOf)) // "delivered"
 */
export function verdictWord({ verdict, rule }: Judgement): VerdictWord {
  if (rule !== null) return rule.then;
  switch (verdict.kind) {
    case "accepted":
      return "delivered";
    case "retryable":
      return verdict.reason === "verdict_unknown" ? "unknown" : "retry";
    case "busy":
      return "retry";
    case "client_error":
      return "slow";
    case "refused":
      return "dead";
    case "gone":
      return "pause";
  }
}
