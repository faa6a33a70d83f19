/** Each declared move between the states of a turn is reached by a turn at work, and no other move is possible. */
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import {
  type Answer,
  createDispatchBench,
  type SeenRequest,
  stopDispatchBench,
} from "../../testing/dispatch-bench.ts";
import type { RunTurn, Turns } from "../../ports/turns.ts";
import { moveTo, nextStates, type TurnState } from "./states.ts";
import { sliceMs } from "./turn.ts";

vi.mock("./states.ts", async (original) => {
  const states = await original<typeof import("./states.ts")>();
  return { ...states, moveTo: vi.fn<typeof moveTo>(states.moveTo) };
});

const all = Object.keys(nextStates) as TurnState[];
const declared = all.flatMap((from) => nextStates[from].map((to) => `${from} -> ${to}`));

beforeEach(() => void vi.mocked(moveTo).mockClear());

/** The moves that the turn made, in order. */
const moves = () => vi.mocked(moveTo).mock.calls.map(([from, to]) => `${from} -> ${to}`);

const slow: Answer = { status: 200, afterMs: 100 };

/** One turn for a partner with deliveries, told of its process by hand. */
async function beginTurn(deliveries: number, answer: (seen: SeenRequest) => Answer = () => slow) {
  let run: RunTurn | null = null;
  let over: Promise<unknown> = Promise.resolve();
  const process = { contended: false, stopping: false, abort: new AbortController() };
  const turns: Turns = {
    ring() {},
    serve() {},
    ringAt() {},
    look() {},
    reach: () => "process",
    fault: () => null,
    start: async (given) => void (run = given),
    stop: async () => {
      process.abort.abort();
      await over;
    },
    load: () => ({ active: 0, waiting: 0 }),
  };
  const bench = createDispatchBench(answer, { turns });
  const { ledger, clock, dispatcher } = bench;
  ledger.leaseMs = 5_000;
  ledger.putPartner(1, { maxInFlight: 1 });
  ledger.enqueue(10, deliveries, clock.now());
  await dispatcher.start();
  let ring: (() => void) | null = null;
  let ended = false;
  const begin = () => {
    over = run!({
      partnerNo: 1,
      signal: process.abort.signal,
      contended: () => process.contended,
      stopping: () => process.stopping,
      onRing: (listener) => void (ring = listener),
    }).then(() => (ended = true));
  };
  onTestFinished(() => stopDispatchBench(bench));
  return { ...bench, process, begin, ring: () => ring?.(), hasEnded: () => ended };
}

/** From now on the ledger answers this statement only after `release`. */
function hold<Name extends "claim" | "record">(
  ledger: Record<Name, (...given: never[]) => Promise<unknown>>,
  name: Name,
): void {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const statement = ledger[name] as (...given: unknown[]) => Promise<unknown>;
  ledger[name] = (...given: unknown[]) => released.then(() => statement(...given));
  onTestFinished(release);
}

/** What leads to each declared move. */
const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async "opening -> sending"() {
    const { begin, clock } = await beginTurn(1);
    begin();
    await clock.advance(5);
    expect(moves()).toEqual(["opening -> sending"]);
  },
  async "opening -> closing"() {
    const { begin, ledger, clock } = await beginTurn(1);
    ledger.partner(1).paused = true;
    begin();
    await clock.advance(5);
    expect(moves()).toEqual(["opening -> closing", "closing -> over"]);
  },
  async "opening -> over"() {
    const { begin, ledger, clock, process, hasEnded } = await beginTurn(1);
    hold(ledger, "claim");
    begin();
    process.abort.abort();
    await clock.advanceUntil(hasEnded, 1_000);
    expect(moves()).toEqual(["opening -> over"]);
  },
  async "sending -> idle"() {
    const { begin, clock } = await beginTurn(1);
    begin();
    await clock.advance(200);
    expect(moves().slice(1)).toEqual(["sending -> idle"]);
  },
  async "sending -> finishing"() {
    const { begin, clock, process } = await beginTurn(50);
    begin();
    process.contended = true;
    await clock.advance(sliceMs + 200);
    expect(moves().slice(1)).toEqual(["sending -> finishing"]);
  },
  async "sending -> closing"() {
    const { begin, clock, process, hasEnded } = await beginTurn(50);
    begin();
    await clock.advance(10);
    process.stopping = true;
    await clock.advanceUntil(hasEnded, 1_000);
    expect(moves().slice(1)).toEqual(["sending -> closing", "closing -> over"]);
  },
  async "sending -> over"() {
    const { begin, ledger, clock, process, hasEnded } = await beginTurn(1);
    hold(ledger, "record");
    begin();
    await clock.advance(150);
    process.abort.abort();
    await clock.advanceUntil(hasEnded, 1_000);
    expect(moves().slice(1)).toEqual(["sending -> over"]);
  },
  async "finishing -> closing"() {
    const { begin, clock, process, hasEnded } = await beginTurn(8);
    begin();
    process.contended = true;
    await clock.advanceUntil(hasEnded, 2_000);
    expect(moves().slice(1)).toEqual(["sending -> finishing", "finishing -> closing", "closing -> over"]);
  },
  async "finishing -> over"() {
    const { begin, clock, process, hasEnded } = await beginTurn(50);
    begin();
    process.contended = true;
    await clock.advance(sliceMs + 200);
    process.abort.abort();
    await clock.advanceUntil(hasEnded, 1_000);
    expect(moves().slice(1)).toEqual(["sending -> finishing", "finishing -> over"]);
  },
  async "idle -> sending"() {
    const { begin, ring, ledger, clock, seen } = await beginTurn(1);
    begin();
    await clock.advance(200);
    ledger.enqueue(10, 1, clock.now());
    ring();
    await clock.advance(200);
    expect(moves().slice(1)).toEqual(["sending -> idle", "idle -> sending", "sending -> idle"]);
    expect(seen).toHaveLength(2);
  },
  async "idle -> closing"() {
    const { begin, ring, clock, process, hasEnded } = await beginTurn(1);
    begin();
    await clock.advance(200);
    process.stopping = true;
    ring();
    await clock.advanceUntil(hasEnded, 100);
    expect(moves().slice(1)).toEqual(["sending -> idle", "idle -> closing", "closing -> over"]);
  },
  async "idle -> over"() {
    const { begin, clock, hasEnded } = await beginTurn(1);
    begin();
    await clock.advanceUntil(hasEnded, 2_000);
    expect(moves().slice(1)).toEqual(["sending -> idle", "idle -> over"]);
  },
  async "closing -> over"() {
    const { begin, clock, process, seen, ledger, hasEnded } = await beginTurn(50);
    begin();
    await clock.advance(10);
    process.stopping = true;
    await clock.advance(20);
    expect(moves()).not.toContain("closing -> over");
    await clock.advanceUntil(hasEnded, 1_000);
    expect(moves()).toContain("closing -> over");
    expect([seen.length, ledger.finished.size]).toEqual([1, 1]);
  },
};

test.each(declared)("a turn at work goes %s", async (move) => {
  expect(scenarios[move], "each move that is declared has what leads to it").toBeDefined();
  await scenarios[move]!();
  expect(moves()).toContain(move);
});

test.each(all.flatMap((from) => all.map((to) => [from, to] as const)))(
  "a move from %s to %s is made if it is declared, and else throws",
  (from, to) => {
    if (declared.includes(`${from} -> ${to}`)) expect(moveTo(from, to)).toBe(to);
    else expect(() => moveTo(from, to)).toThrow(`cannot go from "${from}" to "${to}"`);
  },
);
