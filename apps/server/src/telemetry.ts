import type { AttemptEvent, OperatorEvent, Telemetry } from "@postrider/engine";
import { type Log, loggable } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** Lines about one place come at most this often; a streak that goes on is counted, not repeated. */
const faultQuietMs = 10_000;

/**
 * Turns what the dispatcher tells into metrics and log lines: one wide line per attempt, at `info`. Runs for every
 * attempt, so a level that is off costs one comparison.
 */
export function createTelemetry(log: Log, metrics: Metrics, now: () => number): Telemetry {
  const logsAttempts = log.isLevelEnabled("info");
  const logsTurns = log.isLevelEnabled("debug");
  const told = new Map<string, { atMs: number; kept: number }>();
  let refusalLogged = false;
  /** Null: a line about it came lately, and this one is counted. Otherwise how many were counted before. */
  const takeLine = (about: string): number | null => {
    const last = told.get(about);
    if (last !== undefined && now() - last.atMs < faultQuietMs) {
      last.kept += 1;
      return null;
    }
    told.set(about, { atMs: now(), kept: 0 });
    return last?.kept ?? 0;
  };
  return {
    attempt(event) {
      metrics.attempt(event);
      if (logsAttempts) log.info(attemptFields(event), "attempt");
    },
    turn({ partner, attempts, durationMs }) {
      metrics.turn(durationMs);
      if (logsTurns) log.debug({ partner, attempts, duration_ms: durationMs }, "turn");
    },
    putBack: metrics.putBack,
    circuit: ({ to }) => metrics.circuit(to),
    accepting(trouble) {
      if (trouble === null) {
        if (refusalLogged) log.info("events are accepted again");
        refusalLogged = false;
      } else if (takeLine(`accepting: ${trouble.reason}`) !== null) {
        refusalLogged = true;
        log.error({ reason: trouble.reason, sqlstate: trouble.code }, "events cannot be accepted");
      }
    },
    condition({ name, message, sinceMs, phase }) {
      const fields = { condition: name, since: new Date(sinceMs).toISOString() };
      if (phase === "over") log.info(fields, `over: ${message}`);
      else log.warn(fields, message);
    },
    fault({ where, error, retryInMs }) {
      metrics.fault(where);
      const kept = takeLine(where);
      if (kept === null) return;
      // If nothing can be sent, somebody must look now; other faults have mostly passed by then.
      log[where === "send" ? "error" : "warn"](
        { where, error: loggable(error), retry_in_ms: retryInMs, like_it_since: kept },
        "fault",
      );
    },
  };
}

/** One line per operator event of this process, beside the event itself: good news at `info`, the rest at `warn`. */
export function operatorLine(
  log: Log,
  metrics: Pick<Metrics, "operatorEvent">,
): (event: OperatorEvent) => void {
  return ({ type, eventId, data }) => {
    metrics.operatorEvent(type);
    const level = type === "endpoint.recovered" ? "info" : "warn";
    log[level]({ operator_event: type, event_id: eventId, ...data }, "operator event");
  };
}

/** The fields of the line, by name: a field added to the event is not logged before somebody decides so here. */
function attemptFields(event: AttemptEvent) {
  return {
    delivery_id: event.deliveryId,
    event_id: event.eventId,
    type: event.type,
    partner: event.partner,
    endpoint: event.endpoint,
    endpoint_version: event.endpointVersion,
    method: event.method,
    origin: event.origin,
    n: event.n,
    status: event.status,
    failure: event.failureClass,
    error: event.error,
    duration_ms: Math.round(event.durationMs * 10) / 10,
    late_ms: Math.round(event.lateMs),
    outcome: event.outcome,
    reason: event.reason,
    next_attempt_at: event.nextAttemptAtMs === null ? null : new Date(event.nextAttemptAtMs).toISOString(),
    since_accepted_ms: Math.round(event.sinceAcceptedMs),
  };
}
