import { describe, expect, test } from "vitest";
import type { PostriderError } from "../core/errors.ts";
import type { EventDoor } from "../ports/event-door.ts";
import { silentTelemetry } from "../ports/telemetry.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { judge } from "./ceiling.ts";
import { asLedgerError, troubleOf } from "./ledger-error.ts";
import { createReadiness } from "./readiness.ts";

const fault = (code: string, message = "a fault") => Object.assign(new Error(message), { code });

/** A ledger whose tries and accepts fail as told. */
function createSubject() {
  const clock = createManualClock(1_000_000);
  const subject = {
    clock,
    tries: [] as boolean[],
    lines: [] as (string | null)[],
    fails: null as Error | null,
    acceptFails: null as Error | null,
    silent: false,
    full: null as string | null,
  };
  const readiness = createReadiness({
    clock,
    ceiling: () => subject.full,
    telemetry: {
      ...silentTelemetry,
      accepting: (trouble) => void subject.lines.push(trouble && `${trouble.code}: ${trouble.reason}`),
    },
    sql: {
      query: async (_sql, values) => {
        subject.tries.push(values?.[0] as boolean);
        if (subject.silent) await new Promise(() => {});
        if (subject.fails !== null) throw subject.fails;
        return [];
      },
    },
  });
  const watched: EventDoor = {
    announce: async () => {},
    accept: async () => {
      if (subject.acceptFails !== null) asLedgerError(subject.acceptFails);
      return { results: [], partnerNos: [] };
    },
  };
  const door = readiness.watch(watched);
  const accept = () =>
    door.accept([], 0).then(
      () => null,
      (error: PostriderError) => error,
    );
  return { subject, readiness, accept };
}

describe("readiness", () => {
  test("tries at most once a second, and room on the disk every ten", async () => {
    const { subject, readiness } = createSubject();
    for (let ms = 0; ms < 21_000; ms += 100) {
      expect(await readiness.check()).toBeNull();
      await subject.clock.advance(100);
    }
    expect(subject.tries).toHaveLength(21);
    expect(subject.tries.flatMap((room, second) => (room ? [second] : []))).toEqual([0, 10, 20]);
    expect(subject.lines).toEqual([]);
  });

  test.each([
    ["53100", "the disk of the ledger is full"],
    ["ENOSPC", "the disk of the ledger is full"],
    ["25006", "the database of the ledger only reads"],
    ["42501", "the role of the ledger lost a right that it needs"],
    ["53300", "PostgreSQL has no connection free for the ledger"],
    ["ECONNREFUSED", "the ledger cannot be reached"],
    ["57P03", "the ledger cannot be reached"],
    ["42P01", "the ledger refuses to write: a fault"],
  ])("%s is said once per streak: %s", async (code, reason) => {
    const { subject, readiness } = createSubject();
    await readiness.check();
    subject.fails = fault(code);
    for (let n = 0; n < 5; n++) {
      await subject.clock.advance(1_000);
      expect((await readiness.check())?.toLowerCase()).toBe(reason.toLowerCase());
    }
    subject.fails = null;
    await subject.clock.advance(1_000);
    expect(await readiness.check()).toBeNull();
    expect(subject.lines.map((line) => line?.toLowerCase() ?? null)).toEqual([
      `${code}: ${reason}`.toLowerCase(),
      null,
    ]);
    // In trouble every try looks for room.
    expect(subject.tries).toEqual([true, false, true, true, true, true, true]);
  });

  test("learns from an accept at once, and does not believe a try for five seconds", async () => {
    const { subject, readiness, accept } = createSubject();
    expect(await readiness.check()).toBeNull();
    subject.acceptFails = fault("53100");
    expect(await accept()).toMatchObject({ code: "ledger_full", status: 503 });
    await subject.clock.advance(4_900);
    expect(await readiness.check()).toBe("the disk of the ledger is full");
    expect(subject.tries).toHaveLength(1);
    await subject.clock.advance(200);
    expect(await readiness.check()).toBeNull();
    expect(subject.lines).toEqual(["53100: the disk of the ledger is full", null]);
  });

  test("what lasts is reported each minute", async () => {
    const { subject, readiness } = createSubject();
    subject.fails = fault("25006");
    for (let second = 0; second < 150; second += 1) {
      await readiness.check();
      await subject.clock.advance(1_000);
    }
    expect(subject.lines).toEqual(Array(3).fill("25006: the database of the ledger only reads"));
  });

  test("an accept that works ends a streak without anybody asking", async () => {
    const { subject, readiness, accept } = createSubject();
    subject.acceptFails = fault("25006");
    expect(await accept()).toMatchObject({ code: "ledger_read_only" });
    expect(await accept()).toMatchObject({ code: "ledger_read_only" });
    subject.acceptFails = null;
    expect(await accept()).toBeNull();
    expect(subject.lines).toEqual(["25006: the database of the ledger only reads", null]);
    expect([readiness.trouble(), await readiness.check()]).toEqual([null, null]);
  });

  test.each(["40P01", "40001", "57014", "55P03", "22P05", "23505"])(
    "%s of one accept says nothing about the next",
    async (code) => {
      const { subject, readiness, accept } = createSubject();
      subject.acceptFails = fault(code);
      expect(await accept()).not.toBeNull();
      expect([readiness.trouble(), subject.lines, troubleOf(fault(code))]).toEqual([null, [], null]);
    },
  );

  test("a ledger that does not answer is not ready after three seconds, and is asked once", async () => {
    const { subject, readiness } = createSubject();
    subject.silent = true;
    const first = readiness.check();
    const second = readiness.check();
    await subject.clock.advance(3_000);
    expect(await Promise.all([first, second])).toEqual(Array(2).fill("the ledger did not answer within 3 s"));
    expect(subject.tries).toHaveLength(1);
    expect(subject.clock.sleepers()).toBe(0);
  });

  test("a clock that is put back does not keep an answer", async () => {
    const { subject, readiness } = createSubject();
    await readiness.check();
    subject.clock.step(-3_600_000);
    await subject.clock.advance(1_000);
    subject.fails = fault("25006");
    expect(await readiness.check()).not.toBeNull();
  });

  test("past a ceiling nothing is accepted or tried, and it is named", async () => {
    const { subject, readiness, accept } = createSubject();
    subject.full = judge({ bytes: 2_000_001, freeBytes: null }, { maxBytes: 2_000_000 });
    const reason = "the ledger has 2,000,001 bytes, more than POSTRIDER_MAX_LEDGER_BYTES (2,000,000)";
    expect(await readiness.check()).toBe(reason);
    expect(await accept()).toMatchObject({ code: "ledger_full", message: `T${reason.slice(1)}.` });
    expect(subject.tries).toEqual([]);
    subject.full = null;
    expect(await readiness.check()).toBeNull();
    expect(await accept()).toBeNull();
    expect(subject.lines).toEqual([`null: ${reason}`, null]);
  });
});

test.each([
  [{ bytes: 10, freeBytes: 10 }, {}, null],
  [{ bytes: 10, freeBytes: 10 }, { maxBytes: 10, minFreeBytes: 10 }, null],
  [{ bytes: 11, freeBytes: 10 }, { maxBytes: 10, minFreeBytes: 10 }, "MAX_LEDGER_BYTES"],
  [{ bytes: 10, freeBytes: 9 }, { maxBytes: 10, minFreeBytes: 10 }, "MIN_FREE_BYTES"],
  [{ bytes: null, freeBytes: null }, { maxBytes: 1, minFreeBytes: 1 }, null],
])("%j under %j", (seen, limits, reached) => {
  expect(judge(seen, limits)).toEqual(reached === null ? null : expect.stringContaining(reached));
});
