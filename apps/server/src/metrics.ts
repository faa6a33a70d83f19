import type { AcceptResult, AttemptEvent, Engine, OperatorEventType } from "@postrider/engine";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Partners that get a label of their own; the rest share `other`, so that metrics stay bounded. */
const labelledPartners = 500;
/** Partners whose backlog is shown, the largest first. */
const backlogPartners = 50;
/** How long a count of the backlog serves further scrapes. */
const backlogKeptMs = 5_000;

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const longSeconds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 1_800, 7_200, 43_200, 86_400, 259_200,
];

/** Every metric: its kind, labels and meaning. The page docs/reference/metrics.md is written from it. */
export const metricTable = {
  postrider_attempts_total: {
    kind: "counter",
    labels: ["partner", "outcome", "status_class"],
    help: "Attempts, by partner (the 500 first seen, then `other`), what became of the delivery, and the status class or failure class.",
  },
  postrider_attempt_duration_seconds: {
    kind: "histogram",
    labels: [],
    help: "From the start of an attempt to the end of its exchange.",
  },
  postrider_attempt_lateness_seconds: {
    kind: "histogram",
    labels: [],
    help: "From the time an attempt was due to its start.",
  },
  postrider_delivery_latency_seconds: {
    kind: "histogram",
    labels: [],
    help: "From acceptance (or replay) to delivery, of delivered ones.",
  },
  postrider_turns_total: { kind: "counter", labels: [], help: "Turns closed." },
  postrider_turn_duration_seconds: { kind: "histogram", labels: [], help: "How long turns were open." },
  postrider_faults_total: {
    kind: "counter",
    labels: ["where"],
    help: "Streaks of faults of Postrider's own parts, by where.",
  },
  postrider_deliveries_put_back_total: {
    kind: "counter",
    labels: [],
    help: "Deliveries put back unchanged, without a step of their ladder, because this process itself could not send them: no descriptor, memory or connection left, no name server, no egress proxy, or a fault in its code. The log says which.",
  },
  postrider_accept_events_total: {
    kind: "counter",
    labels: ["status"],
    help: "Events given to the API, by result.",
  },
  postrider_accept_batch_size: {
    kind: "histogram",
    labels: [],
    help: "Events committed by one call of the ledger.",
  },
  postrider_http_request_duration_seconds: {
    kind: "histogram",
    labels: ["method", "path", "status"],
    help: "Calls of the API, by route.",
  },
  postrider_circuit_transitions_total: {
    kind: "counter",
    labels: ["to"],
    help: "Circuits of endpoints that opened, were probed (`half_open`) or closed.",
  },
  postrider_circuit_endpoints: {
    kind: "gauge",
    labels: ["state"],
    help: "Endpoints in the whole ledger that are not well: `open`, `half_open` (a probe is due), `ramping` (coming back), `failing` (but not open), `refusing` (they answer every request with a 4xx).",
  },
  postrider_operator_events_total: {
    kind: "counter",
    labels: ["type"],
    help: "Operator events told by this process, sent or only logged.",
  },
  postrider_in_flight_requests: {
    kind: "gauge",
    labels: [],
    help: "Requests to partners in flight in this process.",
  },
  postrider_unrecorded_attempts: {
    kind: "gauge",
    labels: [],
    help: "Attempts that ended and are not yet in the ledger.",
  },
  postrider_turns_active: { kind: "gauge", labels: [], help: "Turns open in this process." },
  postrider_turns_waiting: {
    kind: "gauge",
    labels: [],
    help: "Partners rung and waiting for a turn in this process.",
  },
  postrider_turns_reach: {
    kind: "gauge",
    labels: [],
    help: "1 while rings go over Redis to every process, 0 while they stay in this one.",
  },
  postrider_dispatching_processes: {
    kind: "gauge",
    labels: [],
    help: "Processes that dispatch from this ledger, as far as this one knows.",
  },
  postrider_dispatcher_silent_seconds: {
    kind: "gauge",
    labels: [],
    help: "Since the dispatcher's last progress; absent where it does not run.",
  },
  postrider_pending_deliveries: {
    kind: "gauge",
    labels: [],
    help: "Deliveries waiting, in the whole ledger.",
  },
  postrider_oldest_due_age_seconds: {
    kind: "gauge",
    labels: [],
    help: "How long the oldest due delivery has been due, without those of paused or disabled partners and endpoints; 0 where none is.",
  },
  postrider_partner_pending_deliveries: {
    kind: "gauge",
    labels: ["partner"],
    help: "Deliveries waiting, of the 50 partners with most.",
  },
  postrider_partner_oldest_due_age_seconds: {
    kind: "gauge",
    labels: ["partner"],
    help: "How long their oldest due delivery has been due, without those of paused or disabled endpoints; 0 where none is.",
  },
  postrider_accepting: {
    kind: "gauge",
    labels: [],
    help: "1 while events can be accepted, as far as readiness and the last accept say; 0 otherwise: `/readyz` says why.",
  },
  postrider_ledger_bytes: {
    kind: "gauge",
    labels: [],
    help: "Bytes of the ledger; absent without `POSTRIDER_MAX_LEDGER_BYTES`.",
  },
  postrider_ledger_free_bytes: {
    kind: "gauge",
    labels: [],
    help: "Bytes free on the disk of an embedded ledger; absent without `POSTRIDER_MIN_FREE_BYTES`.",
  },
  postrider_clock_skew_seconds: {
    kind: "gauge",
    labels: [],
    help: "How far the clock of this process's machine is ahead of the ledger's (behind: below 0); absent if the ledger is embedded. Deliveries follow the ledger's clock.",
  },
  postrider_condition: {
    kind: "gauge",
    labels: ["name"],
    help: "1 while a condition of this process lasts (`clock_off`, `redis_unusable`, `listening_lost`, `key_missing`, `target_not_allowed`, `ledger_copied`), 0 after it; absent if it never held. `/readyz` and the log have the words.",
  },
  postrider_build_info: { kind: "gauge", labels: ["version", "node"], help: "Always 1." },
} as const satisfies Record<
  string,
  { kind: "counter" | "gauge" | "histogram"; labels: readonly string[]; help: string }
>;

type MetricName = keyof typeof metricTable;

/** The metrics of a process. The recording methods run for every attempt and every call: they only count. */
export interface Metrics {
  readonly attempt: (event: AttemptEvent) => void;
  readonly turn: (durationMs: number) => void;
  readonly fault: (where: string) => void;
  readonly putBack: () => void;
  readonly circuit: (to: "open" | "half_open" | "closed") => void;
  readonly operatorEvent: (type: OperatorEventType) => void;
  readonly accepted: (status: AcceptResult["status"]) => void;
  readonly batch: (events: number) => void;
  readonly request: (call: { method: string; path: string; status: number; durationMs: number }) => void;
  /** What is read from the engine at each scrape. */
  readonly watch: (engine: Engine) => void;
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

/** Counts by label values: prom-client hashes labels on every increment, which costs more than the attempt's share allows. */
class Cells {
  readonly #cells = new Map<string, { labels: Record<string, string>; count: number }>();

  add(key: string, labels: () => Record<string, string>): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { labels: labels(), count: 1 });
    else cell.count += 1;
  }

  into(counter: Counter): void {
    counter.reset();
    for (const { labels, count } of this.#cells.values()) counter.inc(labels, count);
  }
}

/** Makes the metrics of a process. `now` in epoch milliseconds. */
export function createMetrics(version: string, now: () => number): Metrics {
  const registry = new Registry();
  const common = (name: MetricName) => ({
    name,
    help: metricTable[name].help,
    labelNames: [...metricTable[name].labels],
    registers: [registry],
  });
  const histogram = (name: MetricName, buckets: number[]) => new Histogram({ ...common(name), buckets });
  const cells = (name: MetricName): Cells => {
    const counted = new Cells();
    const counter: Counter = new Counter({ ...common(name), collect: () => counted.into(counter) });
    return counted;
  };

  const attempts = cells("postrider_attempts_total");
  const faults = cells("postrider_faults_total");
  const circuits = cells("postrider_circuit_transitions_total");
  const operatorEvents = cells("postrider_operator_events_total");
  const accepts = cells("postrider_accept_events_total");
  const attemptDuration = histogram("postrider_attempt_duration_seconds", seconds);
  const lateness = histogram("postrider_attempt_lateness_seconds", longSeconds);
  const latency = histogram("postrider_delivery_latency_seconds", longSeconds);
  const turns = new Counter(common("postrider_turns_total"));
  const putBack = new Counter(common("postrider_deliveries_put_back_total"));
  const turnDuration = histogram("postrider_turn_duration_seconds", seconds);
  const batchSize = histogram("postrider_accept_batch_size", [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000]);
  const requests = histogram("postrider_http_request_duration_seconds", seconds);
  new Gauge(common("postrider_build_info")).set({ version, node: process.version }, 1);
  const partnerLabel = boundedLabel(labelledPartners);

  return {
    attempt(event) {
      const partner = partnerLabel(event.partner);
      const statusClass = classOf(event);
      attempts.add(`${partner} ${event.outcome} ${statusClass}`, () => ({
        partner,
        outcome: event.outcome,
        status_class: statusClass,
      }));
      attemptDuration.observe(event.durationMs / 1_000);
      lateness.observe(event.lateMs / 1_000);
      if (event.outcome === "delivered") latency.observe(event.sinceAcceptedMs / 1_000);
    },
    turn(durationMs) {
      turns.inc();
      turnDuration.observe(durationMs / 1_000);
    },
    putBack: () => putBack.inc(),
    fault: (where) => faults.add(where, () => ({ where })),
    circuit: (to) => circuits.add(to, () => ({ to })),
    operatorEvent: (type) => operatorEvents.add(type, () => ({ type })),
    accepted: (status) => accepts.add(status, () => ({ status })),
    batch: (events) => batchSize.observe(events),
    request: ({ method, path, status, durationMs }) =>
      requests.observe({ method, path, status: String(status) }, durationMs / 1_000),
    watch: (engine) => watchEngine(engine, now, (name, collect) => new Gauge({ ...common(name), collect })),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function watchEngine(
  engine: Engine,
  now: () => number,
  gauge: (name: MetricName, collect: (this: Gauge) => void | Promise<void>) => Gauge,
): void {
  type Progress = ReturnType<Engine["progress"]>;
  const progress = (name: MetricName, value: (progress: Progress) => number) =>
    gauge(name, function collect() {
      this.set(value(engine.progress()));
    });
  progress("postrider_in_flight_requests", ({ inFlight }) => inFlight);
  progress("postrider_unrecorded_attempts", ({ unrecorded }) => unrecorded);
  progress("postrider_turns_active", ({ turnsActive }) => turnsActive);
  progress("postrider_turns_waiting", ({ turnsWaiting }) => turnsWaiting);
  progress("postrider_dispatching_processes", ({ alive }) => alive);
  gauge("postrider_dispatcher_silent_seconds", function collect() {
    const { dispatching, lastProgressMs } = engine.progress();
    this.reset();
    if (dispatching) this.set(Math.max(0, now() - lastProgressMs) / 1_000);
    else this.remove();
  });

  gauge("postrider_turns_reach", function collect() {
    this.set(Number(engine.turns().reach === "cluster"));
  });
  gauge("postrider_clock_skew_seconds", function collect() {
    const skewMs = engine.clockSkewMs();
    this.reset();
    if (skewMs === null) this.remove();
    else this.set(skewMs / 1_000);
  });
  const seenConditions = new Set<string>();
  gauge("postrider_condition", function collect() {
    const held = new Set<string>(engine.conditions().map(({ name }) => name));
    for (const name of held) seenConditions.add(name);
    for (const name of seenConditions) this.set({ name }, held.has(name) ? 1 : 0);
  });

  const room = (name: MetricName, value: (room: ReturnType<Engine["room"]>) => number | null) =>
    gauge(name, function collect() {
      const seen = value(engine.room());
      this.reset();
      if (seen === null) this.remove();
      else this.set(seen);
    });
  room("postrider_accepting", ({ accepting }) => Number(accepting));
  room("postrider_ledger_bytes", ({ bytes }) => bytes);
  room("postrider_ledger_free_bytes", ({ freeBytes }) => freeBytes);

  gauge("postrider_circuit_endpoints", async function collect() {
    const found = await engine.operations.circuits(now()).catch(() => null);
    // Without values where the ledger cannot be reached: the other metrics say why.
    this.reset();
    if (found !== null) for (const [state, n] of Object.entries(found)) this.set({ state }, n);
  });

  const backlog = keptBacklog(engine, now);
  const age = (sinceMs: number | null) => (sinceMs === null ? 0 : Math.max(0, now() - sinceMs) / 1_000);
  type Backlog = Awaited<ReturnType<Engine["operations"]["backlog"]>>;
  const counted = (name: MetricName, set: (gauge: Gauge, backlog: Backlog) => void) =>
    gauge(name, async function collect() {
      const found = await backlog();
      this.reset();
      // A ledger that cannot be reached must not fail the scrape: the other metrics say why.
      // A gauge with labels has no value left after the reset, and nothing to remove.
      if (found !== null) set(this, found);
      else if (metricTable[name].labels.length === 0) this.remove();
    });
  counted("postrider_pending_deliveries", (gauge, { pending }) => gauge.set(pending));
  counted("postrider_oldest_due_age_seconds", (gauge, { oldestDueMs }) => gauge.set(age(oldestDueMs)));
  counted("postrider_partner_pending_deliveries", (gauge, { partners }) => {
    for (const { partner, pending } of partners) gauge.set({ partner }, pending);
  });
  counted("postrider_partner_oldest_due_age_seconds", (gauge, { partners }) => {
    for (const { partner, oldestDueMs } of partners) gauge.set({ partner }, age(oldestDueMs));
  });
}

/** The backlog, counted at most once per `backlogKeptMs` however often it is asked; null while the ledger is away. */
function keptBacklog(engine: Engine, now: () => number) {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let answer: ReturnType<Engine["operations"]["backlog"]> | Promise<null> = Promise.resolve(null);
  return () => {
    if (now() - askedAtMs >= backlogKeptMs) {
      askedAtMs = now();
      answer = engine.operations.backlog(askedAtMs, backlogPartners).catch(() => null) as typeof answer;
    }
    return answer;
  };
}

/** The name itself for the first `limit` names seen, `other` for the rest. */
function boundedLabel(limit: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= limit) return "other";
    known.add(name);
    return name;
  };
}

const statusClasses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** `2xx` and the like; where no status decided, the failure class; `none` where nothing was sent. */
function classOf({ status, failureClass }: AttemptEvent): string {
  if (failureClass !== null) return failureClass;
  return statusClasses[status === null ? 0 : Math.floor(status / 100)] ?? "other";
}
