import { hostname } from "node:os";
import type { AttemptEvent } from "@postrider/engine";
import { describe, expect, test } from "vitest";
import { openLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { createTelemetry, operatorLine } from "./telemetry.ts";
import { createFakeEngine } from "./testing/fake-engine.ts";

const attempt: AttemptEvent = {
  deliveryId: "dlv_1",
  eventId: "conv-1",
  type: "conversion.approved",
  partner: "acme",
  endpoint: "main",
  endpointVersion: 3,
  method: "POST",
  origin: "https://acme.example",
  n: 2,
  status: 503,
  failureClass: null,
  error: "status 503",
  durationMs: 12.345,
  lateMs: 1,
  outcome: "retry",
  reason: null,
  nextAttemptAtMs: Date.parse("2026-01-31T10:00:00Z"),
  sinceAcceptedMs: 2_000,
};

function bench(level = "info") {
  const lines: string[] = [];
  let nowMs = 0;
  const metrics = createMetrics("1.2.3", () => nowMs);
  const { log } = openLog(level, { write: (line) => void lines.push(line) });
  const telemetry = createTelemetry(log, metrics, () => nowMs);
  return {
    telemetry,
    metrics,
    operator: operatorLine(log, metrics),
    lines,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    pass: (ms: number) => (nowMs += ms),
  };
}

describe("an attempt", () => {
  test("is one line of named fields: a field that nobody decided on is not logged", () => {
    const { telemetry, parsed } = bench();
    telemetry.attempt({ ...attempt, secret: "hunter2" } as AttemptEvent);
    expect(parsed()).toEqual([
      {
        level: "info",
        service: "postrider",
        pid: process.pid,
        host: hostname(),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        msg: "attempt",
        delivery_id: "dlv_1",
        event_id: "conv-1",
        type: "conversion.approved",
        partner: "acme",
        endpoint: "main",
        endpoint_version: 3,
        method: "POST",
        origin: "https://acme.example",
        n: 2,
        status: 503,
        failure: null,
        error: "status 503",
        duration_ms: 12.3,
        late_ms: 1,
        outcome: "retry",
        reason: null,
        next_attempt_at: "2026-01-31T10:00:00.000Z",
        since_accepted_ms: 2_000,
      },
    ]);
  });

  test("is counted whatever the level", async () => {
    const { telemetry, metrics, lines } = bench("warn");
    telemetry.attempt(attempt);
    telemetry.attempt(attempt);
    telemetry.attempt({ ...attempt, outcome: "delivered", status: 200, error: null });
    telemetry.attempt({ ...attempt, status: null, failureClass: "timeout" });
    telemetry.attempt({ ...attempt, outcome: "dead", status: null });
    expect(lines).toEqual([]);
    const text = await metrics.text();
    expect(text).toContain('postrider_attempts_total{partner="acme",outcome="retry",status_class="5xx"} 2');
    expect(text).toContain(
      'postrider_attempts_total{partner="acme",outcome="delivered",status_class="2xx"} 1',
    );
    expect(text).toContain(
      'postrider_attempts_total{partner="acme",outcome="retry",status_class="timeout"} 1',
    );
    expect(text).toContain('postrider_attempts_total{partner="acme",outcome="dead",status_class="none"} 1');
    expect(text).toContain("postrider_delivery_latency_seconds_count 1");
    expect(await metrics.text()).toContain('status_class="5xx"} 2');
  });

  test("of more partners than are labelled is counted under other", async () => {
    const { telemetry, metrics } = bench("silent");
    for (let index = 0; index < 600; index += 1) telemetry.attempt({ ...attempt, partner: `p${index}` });
    telemetry.attempt({ ...attempt, partner: "p0" });
    const text = await metrics.text();
    expect(text.match(/^postrider_attempts_total\{/gm)).toHaveLength(501);
    expect(text).toContain('{partner="other",outcome="retry",status_class="5xx"} 100');
    expect(text).toContain('{partner="p0",outcome="retry",status_class="5xx"} 2');
  });
});

describe("a fault", () => {
  test("for which deliveries went back is an error, said by its cause, and they are counted", async () => {
    const { telemetry, metrics, parsed } = bench();
    telemetry.fault({ where: "send", error: "local: no descriptor left (EMFILE).", retryInMs: 2_000 });
    for (let n = 0; n < 3; n += 1) telemetry.putBack?.();
    expect(parsed()).toMatchObject([
      { level: "error", where: "send", error: { message: "local: no descriptor left (EMFILE)." } },
    ]);
    expect(await metrics.text()).toContain("postrider_deliveries_put_back_total 3");
  });

  test("is logged without what its error holds besides, once per place and while", async () => {
    const { telemetry, metrics, parsed, pass } = bench();
    const error = Object.assign(new Error("connection refused"), {
      code: "ECONNREFUSED",
      password: "hunter2",
    });
    for (let index = 0; index < 50; index += 1) telemetry.fault({ where: "sweep", error, retryInMs: 100 });
    telemetry.fault({ where: "record", error, retryInMs: null });
    pass(10_000);
    telemetry.fault({ where: "sweep", error, retryInMs: 100 });
    const lines = parsed();
    expect(lines.map(({ where, like_it_since }) => [where, like_it_since])).toEqual([
      ["sweep", 0],
      ["record", 0],
      ["sweep", 49],
    ]);
    expect(lines[0]).toMatchObject({
      level: "warn",
      error: { code: "ECONNREFUSED", message: "connection refused" },
      retry_in_ms: 100,
    });
    expect(JSON.stringify(lines)).not.toContain("hunter2");
    expect(await metrics.text()).toContain('postrider_faults_total{where="sweep"} 51');
  });
});

test("an operator event is one line, a warning unless it is good news; circuits and events are counted", async () => {
  const { telemetry, metrics, operator, parsed } = bench("info");
  const data = { partner: "acme", endpoint: "main", failures: 10 };
  operator({ type: "endpoint.failing", eventId: "op.1", occurredAtMs: 0, data });
  operator({ type: "endpoint.recovered", eventId: "op.2", occurredAtMs: 0, data });
  expect(parsed()).toMatchObject([
    { level: "warn", msg: "operator event", operator_event: "endpoint.failing", event_id: "op.1", ...data },
    { level: "info", operator_event: "endpoint.recovered" },
  ]);
  telemetry.circuit?.({ partner: "acme", endpoint: "main", to: "half_open" });
  const text = await metrics.text();
  expect(text).toContain('postrider_circuit_transitions_total{to="half_open"} 1');
  expect(text).toContain('postrider_operator_events_total{type="endpoint.failing"} 1');
});

test("a streak in which nothing can be accepted begins with an error that has the SQLSTATE, and its end is said", () => {
  const { telemetry, parsed } = bench("info");
  telemetry.accepting?.({ reason: "the disk of the ledger is full", code: "53100" });
  telemetry.accepting?.(null);
  expect(parsed()).toMatchObject([
    {
      level: "error",
      reason: "the disk of the ledger is full",
      sqlstate: "53100",
      msg: "events cannot be accepted",
    },
    { level: "info", msg: "events are accepted again" },
  ]);
});

test("a ledger that comes and goes is not logged each time, and each line of an end has one of a beginning", () => {
  const { telemetry, parsed } = bench("info");
  for (let n = 0; n < 50; n += 1) {
    telemetry.accepting?.({ reason: "the ledger cannot be reached", code: null });
    telemetry.accepting?.(null);
  }
  expect(parsed().map(({ msg }) => msg)).toEqual(["events cannot be accepted", "events are accepted again"]);
});

describe("a condition of the process", () => {
  const condition = { name: "clock_off", message: "It is off.", sinceMs: Date.UTC(2026, 0, 31) } as const;

  test("is a warning in its own words as long as it lasts, and its end is information", () => {
    const { telemetry, parsed } = bench();
    for (const phase of ["begins", "lasts", "over"] as const) telemetry.condition?.({ ...condition, phase });
    const fields = { condition: "clock_off", since: "2026-01-31T00:00:00.000Z" };
    expect(parsed()).toMatchObject([
      { level: "warn", msg: "It is off.", ...fields },
      { level: "warn", msg: "It is off.", ...fields },
      { level: "info", msg: "over: It is off.", ...fields },
    ]);
  });

  test("is a gauge: 1 while it lasts and 0 afterwards", async () => {
    const { metrics } = bench();
    const engine = createFakeEngine();
    metrics.watch(engine);
    expect(await metrics.text()).not.toContain("postrider_condition{");
    engine.held = [condition];
    expect(await metrics.text()).toContain('postrider_condition{name="clock_off"} 1');
    engine.held = [];
    expect(await metrics.text()).toContain('postrider_condition{name="clock_off"} 0');
  });
});
