/**
 * What became of an event, in sentences: state, why, every attempt, what comes next and what an operator can do.
 * Pure: the words come from the facts given.
 *
 * @packageDocumentation
 */
import type { AttemptView, DeliveryView, Endpoint, EventView, Partner, Reason } from "@postrider/engine";
import { destination } from "./render/deliveries.ts";
import { counted, cut, plain } from "./render/text.ts";
import { clockTime, duration, fromNow } from "./render/time.ts";

/** What is known beside the event. A partner or endpoint that is gone is absent. */
export interface ExplanationFacts {
  readonly nowMs: number;
  /** What each reason means, in the server's words. */
  readonly meanings: ReadonlyMap<string, string>;
  readonly partners: ReadonlyMap<string, Partner>;
  /** By `partner/endpoint`. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** The ids of deliveries that are due while others of their partner are pending. */
  readonly notAlone: ReadonlySet<string>;
}

export interface DeliveryExplanation {
  readonly id: string;
  readonly to: string;
  readonly state: DeliveryView["state"];
  readonly reason: Reason | null;
  /** Why it is in this state. */
  readonly why: string;
  /** One line per attempt. */
  readonly attempts: readonly string[];
  /** When it goes on, or null for an ended one. */
  readonly next: string | null;
  /** What an operator can do; empty where nothing needs doing. */
  readonly advice: readonly string[];
}

export interface EventExplanation {
  readonly event_id: string;
  readonly summary: string;
  readonly deliveries: readonly DeliveryExplanation[];
}

/**
 * Explains an event with its deliveries.
 *
 * @example explainEvent(event, facts).deliveries[0]?.why // "Every retry of the endpoint's schedule was used and none succeeded."
 */
export function explainEvent(event: EventView, facts: ExplanationFacts): EventExplanation {
  const accepted = `accepted ${fromNow(event.accepted_at, facts.nowMs)} (${clockTime(event.accepted_at)})`;
  const addressed = event.partner === null ? "" : `, addressed to ${event.partner}`;
  return {
    event_id: event.event_id,
    summary: `Event ${event.event_id} (${event.type}) was ${accepted}${addressed}. ${destinations(event)}`,
    deliveries: event.deliveries.map((delivery) => explainDelivery(delivery, event, facts)),
  };
}

function destinations(event: EventView): string {
  const n = event.deliveries.length;
  if (n === 0) {
    const whose = event.partner === null ? "No endpoint" : `No endpoint of ${event.partner}`;
    return `${whose} was subscribed to ${event.type} at that time, so there is nothing to deliver. Subscribe one (postrider endpoints put … --event ${event.type}) and send the event again under a new id.`;
  }
  const open = event.deliveries.filter((delivery) => delivery.state === "pending").length;
  const delivered = event.deliveries.filter((delivery) => delivery.state === "delivered").length;
  const rest = n - open - delivered;
  const counts = [
    delivered > 0 ? `${delivered} delivered` : "",
    open > 0 ? `${open} still on the way` : "",
    rest > 0 ? `${rest} ended otherwise` : "",
  ].filter((part) => part !== "");
  return `It went to ${whereTo(event.deliveries)}: ${counts.join(", ")}.`;
}

/** `2 endpoints`, or `1 endpoint in 3 deliveries` if an endpoint gets one for each item of a list. */
function whereTo(deliveries: readonly DeliveryView[]): string {
  const firsts = deliveries.filter(({ item }) => item === undefined || item === 1).length;
  const endpoints = counted(firsts, "endpoint");
  if (firsts === deliveries.length) return endpoints;
  return `${endpoints} in ${counted(deliveries.length, "delivery", "deliveries")}`;
}

function explainDelivery(
  delivery: DeliveryView,
  event: EventView,
  facts: ExplanationFacts,
): DeliveryExplanation {
  const to = destination(delivery);
  // If the delivery's own endpoint was deleted, another one may have its id now.
  const partner = delivery.partner_deleted ? undefined : facts.partners.get(delivery.partner);
  const endpoint = delivery.endpoint_deleted
    ? undefined
    : facts.endpoints.get(`${delivery.partner}/${delivery.endpoint}`);
  const pending =
    delivery.state === "pending" ? explainPending(delivery, event, partner, endpoint, facts) : null;
  return {
    id: delivery.id,
    to,
    state: delivery.state,
    reason: delivery.reason,
    why:
      pending?.why ??
      (delivery.reason === null
        ? "It ended without a reason. This is a fault: report it."
        : `${facts.meanings.get(delivery.reason) ?? ""}${ruleWords(delivery.reason, endpoint)}`),
    attempts: (delivery.attempts ?? []).map(attemptLine),
    next: pending?.next ?? null,
    advice:
      pending?.advice ?? (delivery.reason === null ? [] : adviceFor(delivery.reason, delivery, endpoint)),
  };
}

/** Which rule it was, if only one of the endpoint can have been: an attempt names it only if it failed. */
function ruleWords(reason: Reason, endpoint: Endpoint | undefined): string {
  const then = reason === "accepted_by_rule" ? "delivered" : reason;
  // An older server has no rules.
  const rules: readonly Endpoint["verdicts"][number][] = (endpoint as Partial<Endpoint>)?.verdicts ?? [];
  const index = rules.findIndex((rule) => rule.then === then);
  if (index === -1 || rules.some((rule, at) => at > index && rule.then === then)) return "";
  const { note } = rules[index]!;
  return ` The endpoint has one such rule: verdicts[${index}]${note === undefined ? "" : ` (${plain(note)})`}.`;
}

/** `2. 2026-01-31 10:00:05Z, answered 503 after 12ms: "try later"` */
function attemptLine(attempt: AttemptView): string {
  const outcome =
    attempt.status === null
      ? `no answer after ${duration(attempt.duration_ms)}`
      : `answered ${attempt.status} after ${duration(attempt.duration_ms)}`;
  // Of a 2xx too: partners say "unknown click" with a 200.
  const said = attempt.response_body ? `: "${cut(plain(attempt.response_body), 200)}"` : "";
  const error = attempt.error && !restatesStatus(attempt) ? ` (${plain(attempt.error)})` : "";
  return `${attempt.n}. ${clockTime(attempt.at)}, ${outcome}${error}${said}`;
}

/** `status 503` beside "answered 503" says nothing new. */
function restatesStatus({ error, status }: AttemptView): boolean {
  return (
    status !== null && error !== undefined && /^[a-z]+ \d{3}$/i.test(error) && error.endsWith(String(status))
  );
}

interface PendingExplanation {
  readonly why: string;
  readonly next: string;
  readonly advice: readonly string[];
}

/** What a waiting delivery waits for: the nearest thing that holds it back is named. */
function explainPending(
  delivery: DeliveryView,
  event: EventView,
  partner: Partner | undefined,
  endpoint: Endpoint | undefined,
  { nowMs, notAlone }: Pick<ExplanationFacts, "nowMs" | "notAlone">,
): PendingExplanation {
  const to = `${delivery.partner} ${delivery.endpoint}`;
  const tried =
    delivery.attempts_made === 0
      ? "It was not attempted yet"
      : `It was attempted ${counted(delivery.attempts_made, "time")} without success`;
  if (partner?.state === "paused") {
    return {
      why: `${tried}: the partner is paused. Its backlog is kept.`,
      next: "The next attempt comes after the partner is resumed.",
      advice: [`Resume it: postrider partners resume ${delivery.partner}`],
    };
  }
  const [missingKey] = partner?.missing_master_keys ?? [];
  if (missingKey !== undefined) {
    return {
      why: `${tried}: no process that dispatches has the master key that opens the signing keys and secrets of ${delivery.partner} (key id ${missingKey}). Its backlog is kept, and this costs no retry.`,
      next: "The next attempt comes after a process has that key.",
      advice: [
        "Give every process the key in POSTRIDER_MASTER_KEY. To change the key: old,new everywhere, then new,old, then new.",
      ],
    };
  }
  if (endpoint?.state === "disabled") {
    return {
      why: `${tried}: the endpoint is disabled. Its backlog is kept.`,
      next: "The next attempt comes after the endpoint is enabled.",
      advice: [`Enable it: postrider endpoints put ${to} --enable`],
    };
  }
  if (endpoint?.state === "paused") {
    return {
      why: `${tried}: the endpoint is paused${endpoint.note === null ? "" : ` (${plain(endpoint.note)})`}. Its backlog is kept.`,
      next: "The next attempt comes after the endpoint is resumed.",
      advice: keyAdvice(delivery.partner, endpoint.note) ??
        lackAdvice(delivery.partner, endpoint.note) ?? [
          `Ask the partner whether the address is still right, then: postrider endpoints resume ${to}`,
        ],
    };
  }
  if (endpoint && endpoint.circuit.state !== "closed") return behindCircuit(endpoint, to, tried, nowMs);
  if (endpoint?.state === "held" && endpoint.held_until !== null) {
    const own = endpoint.note?.startsWith("Postrider itself")
      ? plain(endpoint.note.replace(/\.$/, ""))
      : null;
    return {
      why:
        own === null
          ? `${tried}: the partner asked for a wait (Retry-After), so nothing is sent to the endpoint until then.`
          : `${tried}. ${own}. This costs no retry.`,
      next: `The next attempt is ${fromNow(endpoint.held_until, nowMs)} (${clockTime(endpoint.held_until)}) or later.`,
      advice: [`You need to do nothing. To send before that: postrider endpoints resume ${to}`],
    };
  }
  return (
    timed(delivery, event, nowMs) ??
    retrying(delivery, tried, nowMs) ??
    due(delivery, tried, nowMs, {
      others: notAlone.has(delivery.id),
      rate: partner?.rate_per_second ?? null,
    })
  );
}

/** The note of a pause for a missing key names the scheme. */
function keyAdvice(partner: string, note: string | null): readonly string[] | null {
  const scheme = /^signing_key_missing: it asks for (v1a?) /.exec(note ?? "")?.[1];
  return scheme === undefined
    ? null
    : [`Make the key, then it is sent: postrider partners rotate-secret ${partner} --scheme ${scheme}`];
}

/** The note of a pause for a missing secret or constant names it. */
function lackAdvice(partner: string, note: string | null): readonly string[] | null {
  const [, kind, name] = /^(secret|constant)_missing: it uses \{\w+\.([a-z0-9_]+)\}/.exec(note ?? "") ?? [];
  if (name === undefined) return null;
  return kind === "secret"
    ? [`Set the secret, then it is sent: postrider secrets set ${partner} ${name}`]
    : [`Add the constant, then it is sent: postrider partners put ${partner} --constant ${name}=…`];
}

/** A first attempt that the event itself put off: by its order key, or by its `not_before`. */
function timed(delivery: DeliveryView, event: EventView, nowMs: number): PendingExplanation | null {
  const dueMs = Date.parse(delivery.next_attempt_at ?? "");
  if (delivery.attempts_made > 0) return null;
  const cancel = `To cancel it: postrider cancel ${delivery.id}`;
  if (delivery.waits_for !== undefined) {
    const latest =
      dueMs > nowMs
        ? `, or ${fromNow(delivery.next_attempt_at, nowMs)} (${clockTime(delivery.next_attempt_at ?? "")}) at the latest`
        : "";
    return {
      why: `It was not attempted yet: it waits for the delivery before it with the order key ${plain(event.order_key ?? "")}.`,
      next: `It is sent when that one has ended${latest}.`,
      advice: [`See that one: postrider deliveries show ${delivery.waits_for}`, cancel],
    };
  }
  if (event.not_before === undefined || !(dueMs > nowMs)) return null;
  return {
    why: "It was not attempted yet: the event asked not to be sent before its time.",
    next: `The first attempt is ${fromNow(delivery.next_attempt_at, nowMs)} (${clockTime(delivery.next_attempt_at ?? "")}).`,
    advice: [cancel],
  };
}

function behindCircuit(
  { circuit, held_until }: Endpoint,
  to: string,
  tried: string,
  nowMs: number,
): PendingExplanation {
  const since = circuit.since === null ? "" : ` since ${clockTime(circuit.since)}`;
  const failures = `${counted(circuit.failures, "failure")} in a row`;
  const probeAt = circuit.next_probe_at ?? held_until;
  return {
    why: `${tried}: the endpoint's circuit is open${since} (${failures}). Its backlog is kept, and this costs no attempts.`,
    next:
      circuit.state === "half_open" || probeAt === null
        ? "The endpoint is probed with one delivery now. If that succeeds, the others follow."
        : `The endpoint is probed with one delivery ${fromNow(probeAt, nowMs)} (${clockTime(probeAt)}). If that succeeds, the others follow.`,
    advice: [
      `Try the endpoint by hand: postrider endpoints test ${to}`,
      `To send before the probe: postrider endpoints resume ${to}`,
    ],
  };
}

function retrying(delivery: DeliveryView, tried: string, nowMs: number): PendingExplanation | null {
  if (delivery.next_attempt_at === null || Date.parse(delivery.next_attempt_at) <= nowMs) return null;
  return {
    why: `${tried}; it waits for its next retry.`,
    next: `The next attempt is ${fromNow(delivery.next_attempt_at, nowMs)} (${clockTime(delivery.next_attempt_at)}).`,
    advice:
      delivery.attempts_made === 0
        ? []
        : [`Try the endpoint by hand: postrider endpoints test ${delivery.partner} ${delivery.endpoint}`],
  };
}

/** A due delivery has its request in flight, or waits behind others: an attempt is only written down when it ended. */
function due(
  delivery: DeliveryView,
  tried: string,
  nowMs: number,
  { others, rate }: { others: boolean; rate: number | null },
): PendingExplanation {
  const lateMs = nowMs - Date.parse(delivery.next_attempt_at ?? delivery.accepted_at);
  const pace = rate === null ? "" : `, at ${rate} a second`;
  return {
    why: others
      ? `${tried}; it is due now: it is being sent, or waits behind the partner's other deliveries${pace}.`
      : `${tried}; it is due now: it is being sent, or will be within a second.`,
    next: `It was due ${fromNow(delivery.next_attempt_at ?? delivery.accepted_at, nowMs)}.`,
    advice:
      lateMs < (others ? behindOthersMs : aloneMs)
        ? []
        : ["If this does not change, check whether the dispatcher runs: postrider doctor"],
  };
}

/** How late a due delivery may be before it looks wrong. Alone, only its own request can take time. */
const behindOthersMs = 60_000;
const aloneMs = 15_000;

/** What an operator can do about an ended delivery. */
function adviceFor(
  reason: Reason,
  delivery: DeliveryView,
  endpoint: Endpoint | undefined,
): readonly string[] {
  const to = `${delivery.partner} ${delivery.endpoint}`;
  const replay = `Send it again: postrider dead-letters replay ${delivery.id}`;
  const change = (what: string) => `${what}: postrider endpoints put ${to} …`;
  const gone =
    endpoint === undefined ? ["The endpoint does not exist any more, so it cannot be sent again."] : null;
  const advice: Record<Reason, readonly string[]> = {
    accepted_by_partner: [],
    accepted_by_rule: [],
    duplicate: [],
    refused_by_rule: [
      "The answers above say why the partner refused it; if the rule is wrong, correct the endpoint's verdicts.",
      replay,
    ],
    rejected_by_rule: [
      "Find out from the answers above what the partner refused; correct the endpoint or ask the partner.",
      replay,
    ],
    not_accepted: [`See whether the partner takes it now: postrider endpoints test ${to}`, replay],
    verdict_unknown: [change("Write a verdict rule that knows the answer above"), replay],
    invalid_value: [change("Let the filter (or fan_out) fit the values, or give a default"), replay],
    delimiter_in_value: [change("Replace the separator in the value before it is joined"), replay],
    too_many_items: [change("Send one request per item (fan_out)"), replay],
    body_too_large: [change("Send less of the event, or each large value once"), replay],
    personal_data: [
      change(
        "Send the value hashed in a body, or allow it in personal_data if the partner may have it there",
      ),
      replay,
    ],
    retries_exhausted: [`See whether the partner answers now: postrider endpoints test ${to}`, replay],
    rejected: [
      "Find out from the answers above what the partner refused; correct the endpoint or ask the partner.",
      replay,
    ],
    redirected: [change("Give the endpoint the final address"), replay],
    target_refused: [
      change("Give the endpoint a public https address, or name the host:port in POSTRIDER_ALLOW_TARGETS"),
      replay,
    ],
    missing_macro: [
      change("Make the macro optional (? or |default:) or let the application send the value"),
      replay,
    ],
    unresolved_macro: [change("Correct the template"), replay],
    path_changed: [change("Do not put macros beside the separators of the path")],
    host_changed: [change("Do not put macros into the host"), replay],
    url_too_long: [change("Send less in the URL, or use a body"), replay],
    invalid_header: [change("Remove the macro from the header"), replay],
    expired: [`If the partner still wants it: postrider dead-letters replay --state expired ${delivery.id}`],
    cancelled: [`If it was a mistake: postrider dead-letters replay --state cancelled ${delivery.id}`],
    endpoint_deleted: [
      "It cannot be sent again. If the partner still wants it, make a new endpoint and send the event under a new id.",
    ],
    partner_deleted: [
      "It cannot be sent again. If the event is still wanted, make the partner again and send the event under a new id.",
    ],
    no_items: [],
    endpoint_disabled: [`To send it anyway: postrider dead-letters replay --state suppressed ${delivery.id}`],
  };
  if (
    gone !== null &&
    delivery.state !== "delivered" &&
    reason !== "endpoint_deleted" &&
    reason !== "partner_deleted"
  )
    return gone;
  // A newer server may know reasons that this command does not.
  return (advice as Partial<Record<Reason, readonly string[]>>)[reason] ?? [replay];
}
