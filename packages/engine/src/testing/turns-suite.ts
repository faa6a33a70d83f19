import { afterEach, describe, expect, test } from "vitest";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { silentTelemetry } from "../ports/telemetry.ts";
import type { RunTurn, TurnEnd, Turns, TurnSlot } from "../ports/turns.ts";

/** How the suite gets the adapter under test, and lets time pass for it. */
export interface TurnsUnderTest {
  readonly turns: Turns;
  readonly clock: Clock;
  /** Lets time pass, in the adapter's own clock, until `fact` holds. @throws Error where it does not within `withinMs` */
  readonly until: (fact: () => boolean, withinMs: number) => Promise<void>;
  /** Lets `ms` pass. */
  readonly pass: (ms: number) => Promise<void>;
  /** What is left waiting once everything has stopped, for adapters that can tell; 0 is right. */
  readonly leaks?: () => number;
}

export interface TurnsSuiteOptions {
  readonly maxActive: number;
  readonly telemetry: Telemetry;
}

/**
 * Registers the tests that every turns adapter has to pass. `open` makes an adapter that has not been started.
 *
 * @example describeTurns("in process", async ({ maxActive, telemetry }) => { … });
 */
export function describeTurns(
  name: string,
  open: (options: TurnsSuiteOptions) => Promise<TurnsUnderTest>,
): void {
  let opened: { under: TurnsUnderTest; book: Book }[] = [];
  const start = async (maxActive = 100, telemetry: Telemetry = silentTelemetry) => {
    const under = await open({ maxActive, telemetry });
    const book = createBook();
    await under.turns.start(book.run);
    opened.push({ under, book });
    return { ...under, ...book };
  };
  afterEach(async () => {
    for (const { under, book } of opened) await stop(under, book);
    opened = [];
  });

  describe(`turns: ${name}`, () => {
    ringTests(start);
    timeTests(start);
    elsewhereTests(start);
    stopTests(start, open);
  });
}

type Start = (maxActive?: number, telemetry?: Telemetry) => Promise<TurnsUnderTest & Book>;

function ringTests(start: Start): void {
  test("a ring leads to a turn, and many rings before it begins to one", async () => {
    const { turns, begun, end, until, pass } = await start(1);
    turns.ring([1]);
    await until(() => begun.length === 1, 5_000);
    for (let rings = 0; rings < 10; rings++) turns.ring([2, 2]);
    end(1);
    await until(() => begun.length === 2, 5_000);
    end(2);
    await pass(300);
    expect(begun).toEqual([1, 2]);
  });

  test("at most one turn of a partner is active, however it is rung", async () => {
    const { turns, begun, end, most, until, active } = await start();
    for (let round = 0; round < 20; round++) {
      const before = begun.length;
      turns.ring([1, 2, 1]);
      turns.ringAt(1, 0);
      await until(() => begun.length > before, 5_000);
      for (const partnerNo of active.keys()) end(partnerNo);
    }
    expect(begun.length).toBeGreaterThanOrEqual(20);
    expect(most()).toBe(1);
  });

  test("a ring during an active turn is told to it, or leads to one more turn", async () => {
    const { turns, begun, end, until, listen, told, pass } = await start();
    listen.add(1);
    turns.ring([1, 2]);
    await until(() => begun.length === 2, 5_000);
    for (const partnerNo of [1, 2]) turns.ring([partnerNo, partnerNo]);
    await until(() => true, 5_000);
    const toldOne = told.get(1) ?? 0;
    end(1);
    end(2);
    await until(() => begun.filter((no) => no === 2).length === 2, 5_000);
    await until(() => toldOne > 0 || begun.filter((no) => no === 1).length === 2, 5_000);
    end(2);
    await pass(300);
    expect(begun.filter((no) => no === 2)).toHaveLength(2);
    expect(begun.filter((no) => no === 1)).toHaveLength(toldOne > 0 ? 1 : 2);
  });

  test("a ring after the turn said that it listens no more leads to one more turn", async () => {
    const { turns, begun, end, until, listen, slots } = await start();
    listen.add(1);
    turns.ring([1]);
    await until(() => begun.length === 1, 5_000);
    slots.get(1)!.onRing?.(null);
    turns.ring([1]);
    end(1);
    await until(() => begun.length === 2, 5_000);
    end(1);
    expect(begun).toEqual([1, 1]);
  });

  test("turns are handed out in the order of the rings, and one that goes on goes to the back", async () => {
    const { turns, begun, end, until, clock, slots } = await start(1);
    turns.ring([3, 1, 2]);
    for (let turn = 1; turn <= 6; turn++) {
      await until(() => begun.length === turn, 5_000);
      const partnerNo = begun.at(-1)!;
      expect(slots.get(partnerNo)!.contended()).toBe(true);
      end(partnerNo, clock.now());
    }
    expect(begun.slice(0, 6)).toEqual([3, 1, 2, 3, 1, 2]);
  });

  test("no more turns than allowed are active, and the load is told", async () => {
    const { turns, begun, end, until, active } = await start(3);
    turns.ring(Array.from({ length: 20 }, (_, index) => index + 1));
    while (begun.length < 20) {
      await until(() => active.size > 0, 5_000);
      expect(active.size).toBeLessThanOrEqual(3);
      expect(turns.load().active).toBe(active.size);
      const [partnerNo] = active.keys();
      end(partnerNo!);
      await until(() => active.size === Math.min(3, 20 - begun.length + active.size), 5_000);
    }
    for (const partnerNo of active.keys()) end(partnerNo);
    await until(() => turns.load().active === 0, 5_000);
    expect(turns.load().waiting).toBe(0);
  });
}

function timeTests(start: Start): void {
  test("a ring at a later time comes then, at the earliest of several", async () => {
    const { turns, begun, end, until, clock } = await start();
    const from = clock.now();
    turns.ringAt(1, from + 10_000);
    turns.ringAt(1, from + 300);
    turns.ringAt(1, from + 5_000);
    turns.ringAt(2, from + 200);
    await until(() => begun.length === 2, 2_000);
    expect(begun).toEqual([2, 1]);
    expect(clock.now() - from).toBeGreaterThanOrEqual(300);
    expect(clock.now() - from).toBeLessThan(450);
    for (const partnerNo of [1, 2]) end(partnerNo);
  });

  test("the time a turn ends with is rung at, and no time rings nothing", async () => {
    const { turns, begun, end, until, pass, clock } = await start();
    turns.ring([1]);
    await until(() => begun.length === 1, 5_000);
    const from = clock.now();
    end(1, from + 200);
    await until(() => begun.length === 2, 2_000);
    expect(clock.now() - from).toBeGreaterThanOrEqual(200);
    end(1, null);
    await pass(500);
    expect(begun).toHaveLength(2);
  });

  test("a turn that fails is tried again after a growing wait, which rings do not shorten; the fault is told once", async () => {
    const faults: unknown[] = [];
    const { turns, begun, fail, until, clock } = await start(100, {
      ...silentTelemetry,
      fault: ({ where, error }) => faults.push([where, error]),
    });
    const at: number[] = [];
    turns.ring([1]);
    for (let turn = 1; turn <= 5; turn++) {
      await until(() => {
        turns.ring([1]);
        return begun.length === turn;
      }, 10_000);
      at.push(clock.now());
      fail(1, new Error("the turn is broken"));
    }
    const waits = at.slice(1).map((ms, index) => ms - at[index]!);
    // Each at least twice the least of the one before; a busy machine may make any of them longer.
    for (const [index, waitMs] of waits.entries()) expect(waitMs).toBeGreaterThanOrEqual(95 * 2 ** index);
    expect(faults).toEqual([["turn", new Error("the turn is broken")]]);
  });
}

function elsewhereTests(start: Start): void {
  test("after a turn that another process holds, a flood of rings asks once more, a little later", async () => {
    const { turns, begun, end, until, pass, clock } = await start();
    turns.ring([1]);
    await until(() => begun.length === 1, 5_000);
    const from = clock.now();
    end(1, null, true);
    await until(() => turns.load().active === 0, 5_000);
    for (let rings = 0; rings < 100; rings++) turns.ring([1]);
    await until(() => begun.length === 2, 5_000);
    expect(clock.now() - from).toBeGreaterThanOrEqual(49);
    end(1);
    await pass(200);
    expect(begun).toHaveLength(2);
  });
}

function stopTests(start: Start, open: (options: TurnsSuiteOptions) => Promise<TurnsUnderTest>): void {
  test("stop hands out no new turn, tells the active ones, and aborts them after the grace", async () => {
    const { turns, begun, end, until, pass, slots } = await start(2);
    turns.ring([1, 2, 3]);
    await until(() => begun.length === 2, 5_000);
    let over = false;
    const stopping = turns.stop(300).then(() => (over = true));
    expect(slots.get(1)!.stopping()).toBe(true);
    end(1);
    await pass(250);
    expect([slots.get(2)!.signal.aborted, over]).toEqual([false, false]);
    await until(() => slots.get(2)!.signal.aborted, 500);
    await pass(50);
    expect(over).toBe(false);
    end(2, 0);
    await until(() => over, 5_000);
    await stopping;
    turns.ring([4]);
    turns.ringAt(5, 0);
    await pass(300);
    expect(begun).toEqual([1, 2]);
  });

  test("stop without an active turn is over at once", async () => {
    const { turns, until, clock } = await start();
    turns.ringAt(1, clock.now() + 60_000);
    let over = false;
    void turns.stop(10_000).then(() => (over = true));
    await until(() => over, 1_000);
    expect(turns.load().active).toBe(0);
  });

  test("started and stopped many times, with rings at every moment, nothing is left behind", async () => {
    for (let round = 0; round < 20; round++) {
      const under = await open({ maxActive: 3, telemetry: silentTelemetry });
      const book = createBook();
      if (round % 3 === 0) under.turns.ring([1, 2, 3, 4]);
      const starting = under.turns.start(book.run);
      under.turns.ring([1, 2, 5]);
      under.turns.ringAt(6, under.clock.now() + (round % 5));
      if (round % 2 === 0) await starting;
      if (round % 4 === 0) await under.pass(10);
      await stop(under, book);
      await starting;
      expect(book.most()).toBeLessThanOrEqual(1);
    }
  });
}

/** Stops an adapter whose turns end when they are aborted, and sees that nothing is left. */
async function stop(under: TurnsUnderTest, book: Book): Promise<void> {
  let over = false;
  const stopped = under.turns.stop(50).then(() => (over = true));
  await under.until(() => {
    for (const [partnerNo, slot] of book.slots) if (slot.signal.aborted) book.end(partnerNo);
    return over;
  }, 10_000);
  await stopped;
  expect(book.active.size).toBe(0);
  expect(under.turns.load().active).toBe(0);
  expect(under.leaks?.() ?? 0).toBe(0);
}

interface Book {
  readonly run: RunTurn;
  /** Partners in the order in which their turns began. */
  readonly begun: number[];
  readonly active: Map<number, number>;
  /** The latest slot of each partner. */
  readonly slots: Map<number, TurnSlot>;
  /** Partners whose turns listen to rings. */
  readonly listen: Set<number>;
  /** Rings told to each partner's turns. */
  readonly told: Map<number, number>;
  readonly end: (partnerNo: number, nextDueAtMs?: number | null, elsewhere?: boolean) => void;
  readonly fail: (partnerNo: number, error: Error) => void;
  /** The most turns of one partner that were active at once. */
  readonly most: () => number;
}

/** Turns that last until they are told to end, and what was seen of them. */
function createBook(): Book {
  const begun: number[] = [];
  const active = new Map<number, number>();
  const slots = new Map<number, TurnSlot>();
  const listen = new Set<number>();
  const told = new Map<number, number>();
  const ends = new Map<number, (how: TurnEnd | Error) => void>();
  let most = 0;
  return {
    begun,
    active,
    slots,
    listen,
    told,
    async run(slot) {
      const { partnerNo } = slot;
      begun.push(partnerNo);
      slots.set(partnerNo, slot);
      active.set(partnerNo, (active.get(partnerNo) ?? 0) + 1);
      most = Math.max(most, active.get(partnerNo)!);
      if (listen.has(partnerNo)) slot.onRing?.(() => told.set(partnerNo, (told.get(partnerNo) ?? 0) + 1));
      const how = await new Promise<TurnEnd | Error>((resolve) => ends.set(partnerNo, resolve));
      active.delete(partnerNo);
      if (how instanceof Error) throw how;
      return how;
    },
    end: (partnerNo, nextDueAtMs = null, elsewhere = false) =>
      ends.get(partnerNo)?.({ nextDueAtMs, elsewhere }),
    fail: (partnerNo, error) => ends.get(partnerNo)?.(error),
    most: () => most,
  };
}
