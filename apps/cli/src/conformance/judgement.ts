import type { Judgement } from "./check.ts";
import type { Reply } from "./exchange.ts";

const is2xx = ({ status }: Reply): boolean => status !== null && status >= 200 && status < 300;

/** The reply in words: status and the start of its body. */
export function replyWords({ status, body, fault }: Reply): string {
  if (status === null) return `no answer (${fault ?? "closed"})`;
  const text = body.replaceAll(/\s+/g, " ").trim();
  return text === "" ? `${status}` : `${status} ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`;
}

/** A message that has to be taken: 2xx. */
export function accepted(reply: Reply, fix: string): Judgement {
  const came = replyWords(reply);
  return is2xx(reply) ? { outcome: "pass", came } : { outcome: "fail", came, fix: `${hintFor(reply)}${fix}` };
}

/** What the status itself says, before what the check says. */
function hintFor({ status }: Reply): string {
  if (status === null) return "";
  if (status >= 300 && status < 400) return "Redirects are never followed: give the final URL. ";
  if (status === 410) return "410 tells the sender to stop: the endpoint is paused. ";
  if (status === 429) return "Raise the rate limit for this run, or try again later. ";
  return "";
}

/**
 * A message that may not be taken: 4xx. Taking it fails; a refusal that makes the sender try again, or stop, is only
 * a weaker failure, as nothing was let in.
 *
 * | answer | judgement |
 * |---|---|
 * | 2xx | fails with the check's severity |
 * | 400 to 499 but these | passes |
 * | 410, 408, 425, 429, 3xx, 5xx, none | fails as `should` |
 */
export function refused(reply: Reply, fix: string): Judgement {
  const came = replyWords(reply);
  const { status } = reply;
  if (is2xx(reply)) return { outcome: "fail", came, fix };
  const final = status !== null && status >= 400 && status < 500 && ![408, 410, 425, 429].includes(status);
  if (final) return { outcome: "pass", came };
  const words =
    status === 410
      ? "410 pauses the whole endpoint: answer 401 for a wrong signature, 400 for missing headers."
      : "It was refused in a way that makes a sender try again: answer 401 for a wrong signature, 400 for missing headers.";
  return { outcome: "fail", severity: "should", came, fix: words };
}

/** The worst of several, with what came to each. */
export function allOf(judgements: readonly (readonly [name: string, Judgement])[]): Judgement {
  const rank = ({ outcome, severity }: Judgement): number =>
    outcome === "pass" ? 0 : severity === "should" ? 1 : 2;
  const worst = judgements.map(([, judgement]) => judgement).sort((a, b) => rank(b) - rank(a))[0];
  const came = judgements.map(([name, { came }]) => `${name}: ${came}`).join("; ");
  return { ...(worst ?? { outcome: "pass" }), came };
}
