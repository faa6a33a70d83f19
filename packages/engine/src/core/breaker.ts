/**
 * The circuit breaker of an endpoint: whether it is sent to, how much at once, and since when it fails. One small state
 * and one function that moves it. An endpoint that is well has no state at all.
 *
 * ```text
 *            failures in a row, or too many of a window
 *   closed ────────────────────────────────────────────▶ open: nothing is sent until the next probe
 *     ▲  ▲                                               │  ▲
 *     │  └── ramp: in flight 1, 2, 3 … ◀── it answered ──┤  │ it failed: the wait doubles
 *     │            │ three failures in a row: open again │  │
 *     └────────────┘ max_in_flight reached, or a minute  └──┘ one probe in flight (half-open)
 * ```
 *
 * @packageDocumentation
 */
import type { Verdict } from "./classify.ts";
import type { Decision } from "./decide.ts";
import { afterAnswer, type Refusals } from "./refusals.ts";
import { jitteredMs } from "./retry-policy.ts";
import type { Signal } from "./signal.ts";

/** What opens an endpoint's circuit, and how it is tried again. */
export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly consecutiveFailures: number;
  /** The part of a window's requests, 0 to 1, that opens it if it failed. */
  readonly failureRatio: number;
  /** A window begins with a failure and lasts this long. */
  readonly windowMs: number;
  /** Requests of a window before its ratio counts. */
  readonly minimum: number;
  /** Before the first probe. Each probe that fails doubles the wait, up to `longestWaitMs`. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** How an endpoint's failures are judged. */
export interface CircuitPolicy {
  /** Null: its circuit never opens. */
  readonly breaker: BreakerPolicy | null;
  /** The endpoint is paused after failing for so long without a success. Null: never. */
  readonly disableAfterMs: number | null;
  /** Requests in flight at which a ramp is over: the partner's `max_in_flight`. */
  readonly rampTo: number;
}

/** Times are epoch milliseconds. Kept in the ledger as it is (`postrider.circuits`). */
export interface Circuit {
  readonly state: "closed" | "open";
  /** When it opened first in this trouble, kept through probes and ramp; null before. */
  readonly openedAtMs: number | null;
  /** When `state` began. */
  readonly sinceMs: number;
  /** The first failure after the last success; null after a success. */
  readonly failingSinceMs: number | null;
  /** Failures in a row. */
  readonly failures: number;
  /** The wait before the last probe, without its jitter; 0 before it opened. */
  readonly waitMs: number;
  /** Open: when the next probe may go. */
  readonly probeAtMs: number | null;
  /** Closed again, but no more than this in flight yet; null: no such limit. */
  readonly ramp: number | null;
  /** Percent of `disableAfterMs` that was told last. */
  readonly mark: number;
  /** Refusals since the last success, while it is not open; null: none. They limit nothing. */
  readonly refusals: Refusals | null;
}

/**
 * The latest requests of an endpoint, from a failure on. Each process counts its own: what it saw is a fair sample,
 * where counts that travel with failures alone would not be.
 */
export interface FailureWindow {
  readonly atMs: number;
  readonly requests: number;
  readonly failures: number;
}

/** What became of the circuit, for those who watch. */
export type CircuitChange =
  | { readonly kind: "opened" }
  | { readonly kind: "reopened" }
  | { readonly kind: "closed" }
  | { readonly kind: "recovered"; readonly openedAtMs: number | null }
  | { readonly kind: "mark"; readonly percent: number }
  | { readonly kind: "refusing" }
  | { readonly kind: "accepting"; readonly refusingSinceMs: number }
  | { readonly kind: "disabled" };

/** What a process knows of an endpoint's health: nothing (both null) if it is well. */
export interface Health {
  readonly circuit: Circuit | null;
  readonly window: FailureWindow | null;
}

/** How an attempt ended. */
export interface Ended {
  readonly signal: Signal;
  /** It was sent while the circuit was open. What was sent before it opened and ends later moves only the count. */
  readonly probe: boolean;
  /** The end of the wait that the partner asked for. */
  readonly askedUntilMs: number | null;
}

/** Failures in a row during a ramp that open it again: an endpoint that comes back may stumble once or twice. */
const rampFailures = 3;
/** A ramp without trouble is over after this time, however little is sent. */
const longestRampMs = 60_000;
const marks = [90, 70, 50] as const;

/**
 * The breaker, whole: what is known after an attempt ended at `nowMs`, and what changed.
 *
 * @param random a number in [0, 1), for the jitter of the wait before the next probe
 * @example afterOutcome(policy, { circuit: null, window: null }, { signal: "failure", probe: false, askedUntilMs: null }, now, 0.5)
 */
export function afterOutcome(
  policy: CircuitPolicy,
  before: Health,
  ended: Ended,
  nowMs: number,
  random: number,
): Health & { readonly changes: readonly CircuitChange[] } {
  const { signal } = ended;
  if (signal === "gone") return { circuit: null, window: null, changes: [] };
  if (signal === "throttled" && before.circuit?.state !== "open") return { ...before, changes: [] };
  const window = countRequest(policy.breaker, before.window, signal, nowMs);
  if (before.circuit === null && signal === "success") return { circuit: null, window, changes: [] };
  const circuit = countFailures(before.circuit ?? newCircuit(nowMs), signal, nowMs);
  const moved = moveState(policy, circuit, window, ended, nowMs, random);
  const marked = signal === "failure" ? moveMark(policy, moved.circuit, nowMs) : { ...moved, changes: [] };
  const last = moveRefusals(marked.circuit, before.circuit?.refusals ?? null, signal, nowMs);
  return {
    circuit: isWell(last.circuit) ? null : last.circuit,
    window: marked.circuit.state === "open" ? null : window,
    changes: [...moved.changes, ...marked.changes, ...last.changes],
  };
}

/** How many requests may be in flight: without limit, or the few of an open or ramping circuit. */
export function inFlightLimit(circuit: Circuit): number {
  if (circuit.state === "open") return 1;
  return circuit.ramp ?? Number.POSITIVE_INFINITY;
}

/**
 * What becomes of a probed delivery. A probe asks after the endpoint, so a failure of it spends no step of the
 * delivery's ladder: it is due again at once, behind its like, and the endpoint waits.
 */
export function afterProbe(
  decision: Decision,
  verdict: Verdict,
  clientErrors: number,
  nowMs: number,
): Decision {
  if (verdict.kind !== "retryable" || decision.kind === "pause_endpoint") return decision;
  return {
    kind: "retry",
    dueAtMs: nowMs,
    clientErrors,
    holdEndpointUntilMs: decision.holdEndpointUntilMs,
  };
}

function newCircuit(nowMs: number): Circuit {
  return {
    state: "closed",
    openedAtMs: null,
    sinceMs: nowMs,
    failingSinceMs: null,
    failures: 0,
    waitMs: 0,
    probeAtMs: null,
    ramp: null,
    mark: 0,
    refusals: null,
  };
}

/** An open circuit counts by itself; refusals before it are forgotten. */
function moveRefusals(circuit: Circuit, before: Refusals | null, signal: Signal, nowMs: number): Moved {
  if (circuit.state === "open") return { circuit: { ...circuit, refusals: null }, changes: [] };
  const { refusals, change } = afterAnswer(before, signal, nowMs);
  const next = { ...circuit, refusals };
  if (change === "refusing") return { circuit: next, changes: [{ kind: "refusing" }] };
  if (change !== "accepting" || before === null) return { circuit: next, changes: [] };
  return { circuit: next, changes: [{ kind: "accepting", refusingSinceMs: before.sinceMs }] };
}

/** Counts a request of the window; null if the window is over, or none was begun. */
function countRequest(
  breaker: BreakerPolicy | null,
  window: FailureWindow | null,
  signal: Signal,
  nowMs: number,
): FailureWindow | null {
  const failures = signal === "failure" ? 1 : 0;
  if (breaker === null) return null;
  if (window === null || nowMs - window.atMs >= breaker.windowMs)
    return failures > 0 ? { atMs: nowMs, requests: 1, failures } : null;
  return { ...window, requests: window.requests + 1, failures: window.failures + failures };
}

/** Counts the failures in a row, and says since when there was no success. A refused request is neither, but ends the row. */
function countFailures(circuit: Circuit, signal: Signal, nowMs: number): Circuit {
  switch (signal) {
    case "failure":
      return {
        ...circuit,
        failures: circuit.failures + 1,
        failingSinceMs: circuit.failingSinceMs ?? nowMs,
      };
    case "success":
      return { ...circuit, failures: 0, failingSinceMs: null, mark: 0 };
    case "answered":
      return { ...circuit, failures: 0 };
    case "throttled":
    case "gone":
      return circuit;
  }
}

/** A circuit after one of the steps of `afterOutcome`. */
interface Moved {
  readonly circuit: Circuit;
  readonly changes: readonly CircuitChange[];
}

function moveState(
  policy: CircuitPolicy,
  circuit: Circuit,
  window: FailureWindow | null,
  ended: Ended,
  nowMs: number,
  random: number,
): Moved {
  const { breaker } = policy;
  const unchanged = { circuit, changes: [] };
  const waiting = (waitMs: number) => ({
    waitMs,
    probeAtMs: Math.max(nowMs + Math.max(1, jitteredMs(waitMs, "equal", random)), ended.askedUntilMs ?? 0),
  });
  if (circuit.state === "open") {
    // A breaker that was switched off lets go of what it had opened.
    if (breaker !== null && !ended.probe) return unchanged;
    if (breaker !== null && ended.signal === "throttled")
      return { circuit: { ...circuit, ...waiting(circuit.waitMs) }, changes: [] };
    if (breaker !== null && ended.signal === "failure")
      return { circuit: { ...circuit, ...waiting(doubleWait(breaker, circuit.waitMs)) }, changes: [] };
    const closed = { ...circuit, state: "closed", sinceMs: nowMs, probeAtMs: null, ramp: 1 } as const;
    return { circuit: closed, changes: [{ kind: "closed" }] };
  }
  if (ended.signal === "failure" && breaker !== null && opens(breaker, circuit, window)) {
    const again = circuit.ramp !== null;
    const wait = waiting(again ? doubleWait(breaker, circuit.waitMs) : breaker.firstWaitMs);
    const openedAtMs = circuit.openedAtMs ?? nowMs;
    const opened = { ...circuit, ...wait, state: "open", openedAtMs, sinceMs: nowMs, ramp: null } as const;
    return { circuit: opened, changes: [{ kind: again ? "reopened" : "opened" }] };
  }
  return circuit.ramp === null ? unchanged : moveRamp(policy, circuit, circuit.ramp, ended.signal, nowMs);
}

function moveRamp(
  { rampTo }: CircuitPolicy,
  circuit: Circuit,
  ramp: number,
  signal: Signal,
  nowMs: number,
): Moved {
  if (signal === "failure") return { circuit: { ...circuit, ramp: Math.max(1, ramp >> 1) }, changes: [] };
  if (signal !== "success") return { circuit, changes: [] };
  // Each success takes back one doubling: an endpoint that answers most requests and stumbles is not left alone for
  // minutes, and one that answers nothing but its probes is.
  if (ramp < rampTo && nowMs - circuit.sinceMs < longestRampMs)
    return { circuit: { ...circuit, ramp: ramp + 1, waitMs: circuit.waitMs >> 1 }, changes: [] };
  const over = { ...circuit, openedAtMs: null, ramp: null, waitMs: 0, sinceMs: nowMs };
  return { circuit: over, changes: [{ kind: "recovered", openedAtMs: circuit.openedAtMs }] };
}

function opens(breaker: BreakerPolicy, circuit: Circuit, window: FailureWindow | null): boolean {
  if (circuit.ramp !== null) return circuit.failures >= Math.min(rampFailures, breaker.consecutiveFailures);
  if (circuit.failures >= breaker.consecutiveFailures) return true;
  return (
    window !== null &&
    window.requests >= breaker.minimum &&
    window.failures >= breaker.failureRatio * window.requests
  );
}

function doubleWait({ firstWaitMs, longestWaitMs }: BreakerPolicy, waitMs: number): number {
  return Math.min(longestWaitMs, Math.max(firstWaitMs, waitMs * 2));
}

/** Moves to the highest mark of `disableAfterMs` that was passed since the last one; at its end the endpoint is disabled. */
function moveMark({ disableAfterMs }: CircuitPolicy, circuit: Circuit, nowMs: number): Moved {
  if (disableAfterMs === null || circuit.failingSinceMs === null) return { circuit, changes: [] };
  const percent = ((nowMs - circuit.failingSinceMs) / disableAfterMs) * 100;
  if (percent >= 100) return { circuit: { ...circuit, mark: 100 }, changes: [{ kind: "disabled" }] };
  const mark = marks.find((one) => percent >= one) ?? 0;
  if (mark <= circuit.mark) return { circuit, changes: [] };
  return { circuit: { ...circuit, mark }, changes: [{ kind: "mark", percent: mark }] };
}

/** Nothing of it is worth keeping. */
function isWell(circuit: Circuit): boolean {
  const { state, ramp, failingSinceMs, refusals } = circuit;
  return state === "closed" && ramp === null && failingSinceMs === null && refusals === null;
}
