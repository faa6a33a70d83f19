import { expect, onTestFinished, test } from "vitest";
import { PostriderError } from "../core/errors.ts";
import { backlogEvent, goneEvent, type OperatorEvent } from "../core/operator-events.ts";
import type { AcceptEvent, AcceptResult } from "../ports/event-door.ts";
import { createManualClock, settled } from "../testing/manual-clock.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import { createOperatorEvents } from "./operator-events.ts";
import { createOperatorChecks } from "./operator-checks.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const hour = 3_600_000;
const event = (endpoint: string, partner = "acme") => goneEvent({ partner, endpoint }, hour, now);

function sender(partner: string | null, status: AcceptResult["status"] = "accepted") {
  const clock = createManualClock(now);
  const accepted: AcceptEvent[][] = [];
  const heard: OperatorEvent[] = [];
  const faults: unknown[] = [];
  const rung: number[] = [];
  const state = { fails: null as Error | null };
  const events = createOperatorEvents({
    partner,
    windowMs: hour,
    door: {
      async accept(given) {
        if (state.fails) throw state.fails;
        accepted.push([...given]);
        const results = given.map(({ event_id }) => ({ event_id, status, deliveries: 1, error: "no" }));
        return { results, partnerNos: [7] };
      },
    },
    ring: (partnerNos) => void rung.push(...partnerNos),
    heard: (one) => void heard.push(one),
    clock,
    telemetry: { attempt() {}, turn() {}, fault: ({ error }) => void faults.push(error) },
  });
  onTestFinished(() => events.stop());
  return { clock, accepted, heard, faults, rung, state, events };
}

test("an event is accepted for the operator partner under its id, and the partner is rung", async () => {
  const { accepted, rung, events } = sender("ops");
  events.tell(event("main"));
  await settled();
  expect(accepted).toEqual([
    [
      {
        event_id: event("main").eventId,
        type: "endpoint.disabled",
        occurred_at: "2026-03-04T10:00:00.000Z",
        partner: "ops",
        data_text: '{"partner":"acme","endpoint":"main","cause":"gone","error":"status 410"}',
      },
    ],
  ]);
  expect(rung).toEqual([7]);
});

test("the same event again is neither sent nor logged again", async () => {
  const { accepted, heard, events } = sender("ops");
  for (let n = 0; n < 100; n++) events.tell(event("main"));
  events.tell(event("other"));
  await settled();
  expect(accepted.flat()).toHaveLength(2);
  expect(heard).toHaveLength(2);
});

test("what concerns the operator partner itself, and everything where there is none, goes to the log alone", async () => {
  const itself = sender("ops");
  itself.events.tell(event("main", "ops"));
  const none = sender(null);
  none.events.tell(event("main"));
  await settled();
  for (const { accepted, heard } of [itself, none]) expect([accepted.length, heard.length]).toEqual([0, 1]);
});

test("while the ledger is away events wait and go together; any other refusal is told once and let go of", async () => {
  const { clock, accepted, faults, state, events } = sender("ops");
  state.fails = new PostriderError("ledger_unavailable", "The ledger cannot be reached.");
  events.tell(event("a"));
  await settled();
  events.tell(event("b"));
  events.tell(event("c"));
  await clock.advance(2_500);
  expect([accepted.length, faults.length]).toEqual([0, 1]);
  state.fails = null;
  await clock.advance(2_000);
  expect(accepted.map((batch) => batch.length)).toEqual([1, 2]);
  state.fails = new Error("syntax");
  events.tell(event("d"));
  await settled();
  state.fails = null;
  events.tell(event("e"));
  await settled();
  expect(accepted.flat().map(({ event_id }) => event_id)).not.toContain(event("d").eventId);
  expect(accepted.flat()).toHaveLength(4);
  expect(faults).toHaveLength(2);
});

test("an operator partner that does not exist is a fault, and other processes' repeats are none", async () => {
  const unknown = sender("ops", "invalid");
  unknown.events.tell(event("main"));
  const repeated = sender("ops", "conflict");
  repeated.events.tell(event("main"));
  await settled();
  expect([unknown.faults.length, repeated.faults.length]).toEqual([1, 0]);
});

test("a stop does not wait for a ledger that is away", async () => {
  const { faults, state, events } = sender("ops");
  state.fails = new PostriderError("ledger_unavailable", "The ledger cannot be reached.");
  events.tell(event("a"));
  await settled();
  await events.stop();
  expect(faults.length).toBeGreaterThanOrEqual(1);
});

test("the watch tells of old backlogs and silent partners, each by its window", async () => {
  const told: string[] = [];
  const ledger = createMemoryLedger();
  const askedMs: number[] = [];
  ledger.oldBacklogs = async (beforeMs) => {
    askedMs.push(beforeMs);
    return [{ partner: "acme", oldestDueMs: now - 10 * 60_000 }];
  };
  ledger.silentPartners = async () => [{ partner: "mute", silentAfterMs: 6 * hour }];
  const operatorEvents = { windowMs: hour, tell: (one: OperatorEvent) => void told.push(one.eventId) };
  await createOperatorChecks({ ledger, operatorEvents, backlogOldAfterMs: 300_000 })(now);
  expect(askedMs).toEqual([now - 300_000]);
  expect(told).toEqual([
    backlogEvent("acme", now - 10 * 60_000, hour, now).eventId,
    `op.partner.silent.mute.${Math.floor(now / (6 * hour))}`,
  ]);
});
