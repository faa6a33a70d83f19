import { expect, test } from "vitest";
import {
  backlogEvent,
  circuitEvent,
  deadEvent,
  goneEvent,
  recovered,
  silentEvent,
} from "./operator-events.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const hour = 3_600_000;
const acme = { partner: "acme", endpoint: "main" };
const circuit = { openedAtMs: now - 5_000, failingSinceMs: now - 60_000, failures: 10 };

test("an id is of the trouble or the window, not of the moment or the process", () => {
  const opened = (atMs: number) =>
    circuitEvent({ kind: "opened" }, acme, circuit, "status 503", atMs)?.eventId;
  expect(opened(now)).toBe(`op.endpoint.failing.acme.main.open.${now - 5_000}`);
  expect(opened(now + 1_234)).toBe(opened(now));
  const dead = (atMs: number, deliveryId: string) =>
    deadEvent(acme, { deliveryId, reason: "rejected", error: "status 400" }, hour, atMs).eventId;
  expect(dead(now, "a")).toBe(dead(now + hour - 1, "b"));
  expect(dead(now, "a")).not.toBe(dead(now + hour, "a"));
  expect(goneEvent(acme, hour, now).eventId).toBe(goneEvent(acme, hour, now + 5).eventId);
  expect(backlogEvent("acme", now - 1, hour, now).eventId).toBe(
    backlogEvent("acme", now - 9, hour, now + 9).eventId,
  );
  // A partner that is silent for six hours is told of every six hours.
  const silent = (atMs: number) => silentEvent("acme", 6 * hour, hour, atMs).eventId;
  const startMs = Math.ceil(now / (6 * hour)) * 6 * hour;
  expect(silent(startMs)).toBe(silent(startMs + 6 * hour - 1));
  expect(silent(startMs)).not.toBe(silent(startMs + 6 * hour));
});

test("each mark and the end of the budget are events of their own; probes and stumbles are none", () => {
  const ids = ([50, 70, 90] as const).map(
    (percent) => circuitEvent({ kind: "mark", percent }, acme, circuit, null, now)?.eventId,
  );
  expect(new Set(ids).size).toBe(3);
  expect(circuitEvent({ kind: "disabled" }, acme, circuit, "timeout: headers", now)).toMatchObject({
    type: "endpoint.disabled",
    data: {
      cause: "failing",
      percent: 100,
      failing_since: "2026-03-04T09:59:00.000Z",
      error: "timeout: headers",
    },
  });
  expect(circuitEvent({ kind: "closed" }, acme, circuit, null, now)).toBeNull();
  expect(circuitEvent({ kind: "reopened" }, acme, circuit, null, now)).toBeNull();
});

test("the end of a trouble has one id, whoever ended it", () => {
  const byProbe = circuitEvent({ kind: "recovered", openedAtMs: now }, acme, circuit, null, now + hour);
  expect(byProbe?.eventId).toBe(recovered(acme, now, "operator", now + 2 * hour).eventId);
});

test("ids are event ids, and data holds texts, numbers and null alone", () => {
  const long = { partner: "p".repeat(64), endpoint: "e".repeat(64) };
  const events = [
    circuitEvent({ kind: "mark", percent: 90 }, long, circuit, "status 503", now)!,
    recovered(long, now, "operator", now),
    goneEvent(long, hour, now),
    deadEvent(long, { deliveryId: "d", reason: "expired", error: null }, hour, now),
    backlogEvent(long.partner, now - hour, hour, now),
    silentEvent(long.partner, hour, hour, now),
  ];
  for (const { eventId, type, data } of events) {
    expect(eventId).toMatch(/^[!-~]{1,200}$/);
    expect(eventId).toContain(type);
    for (const value of Object.values(data)) expect(value === null || typeof value !== "object").toBe(true);
  }
});
