import { expect, onTestFinished, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import {
  type Answer,
  benchStartMs,
  createDispatchBench,
  type SeenRequest,
  startDispatchBench,
  stopDispatchBench,
} from "../../testing/dispatch-bench.ts";
import type { RunTurn, Turns } from "../../ports/turns.ts";
import { sliceMs } from "./turn.ts";

const ok: Answer = { status: 200 };

test("every due delivery is sent once and recorded as delivered", async () => {
  const { ledger, turns, clock, seen, attempts } = await startDispatchBench();
  ledger.putPartner(1);
  const ids = ledger.enqueue(10, 1_000, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 1_000, 5_000);
  expect(seen.map(({ id }) => id).sort()).toEqual(ids);
  expect(ledger.pending.size).toBe(0);
  expect(ledger.attempts).toHaveLength(1_000);
  expect(attempts.every((event) => event.outcome === "delivered" && event.n === 1)).toBe(true);
});

test("of an order key one goes after the other, without a pause between; others are not held up", async () => {
  const { ledger, turns, clock, seen, inFlight } = await startDispatchBench(({ id }) => ({
    status: id === "dlv-000003" ? 500 : 200,
    afterMs: 10,
  }));
  ledger.putPartner(1);
  const keyed = ledger.enqueue(10, 40, clock.now(), { orderKey: "t-1" });
  const others = ledger.enqueue(10, 40, clock.now());
  turns.ring([1]);
  const began = clock.now();
  // The 42 that are delivered, and the one that is not: the others of its key wait for it.
  await clock.advanceUntil(() => ledger.attempts.length === 43, 2_000, 1);
  const stuck = keyed.indexOf("dlv-000003");
  const sent = seen.map(({ id }) => id).filter((id) => keyed.includes(id));
  expect(sent).toEqual(keyed.slice(0, stuck + 1));
  expect(others.every((id) => seen.some((one) => one.id === id))).toBe(true);
  expect(inFlight()).toBe(0);
  expect(clock.now() - began).toBeLessThan(500);
});

test("a retry comes at its time, with the next number, and the schedule's end is the delivery's", async () => {
  const retry = {
    schedule: ["100ms", "200ms"],
    client_error_schedule: [],
    jitter: "none",
    expires_after: "1h",
    retry_after_max: "1h",
  } as const;
  const { ledger, turns, clock, seen, attempts } = await startDispatchBench(() => ({ status: 500 }));
  ledger.putPartner(1, {}, [{ retry }]);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 1, 5_000, 1);
  const gaps = seen.slice(1).map(({ atMs }, index) => atMs - seen[index]!.atMs);
  expect(gaps).toHaveLength(2);
  // The answer takes 1 ms, and alarms are looked at every 5 ms.
  expect(gaps[0]).toSatisfy((ms: number) => ms >= 101 && ms <= 110);
  expect(gaps[1]).toSatisfy((ms: number) => ms >= 201 && ms <= 210);
  expect(attempts.map(({ n, outcome, reason }) => [n, outcome, reason])).toEqual([
    [1, "retry", null],
    [2, "retry", null],
    [3, "dead", "retries_exhausted"],
  ]);
});

test("retries that earlier turns scheduled come at their times, though nobody sweeps", async () => {
  const failing = { until: benchStartMs + 900 };
  const { ledger, turns, clock, attempts } = await startDispatchBench(({ atMs }) => ({
    status: atMs < failing.until ? 500 : 200,
  }));
  ledger.duePartners = async () => [];
  const retry = { ...endpointDefaults.retry, schedule: ["1s"], jitter: "none" } as const;
  ledger.putPartner(1, {}, [{ retry, breaker: null }]);
  for (let n = 0; n < 8; n++) {
    ledger.enqueue(10, 1, clock.now());
    turns.ring([1]);
    await clock.advance(100);
  }
  await clock.advance(1_200);
  const late = attempts.filter(({ n }) => n === 2).map(({ lateMs }) => lateMs);
  expect(late).toHaveLength(8);
  expect(Math.max(...late)).toBeLessThanOrEqual(10);
});

test("the share grows with success to max_in_flight, and shrinks to one for a partner that fails", async () => {
  let status = 200;
  const { ledger, turns, clock, mostInFlight, inFlight } = await startDispatchBench(() => ({
    status,
    afterMs: 50,
  }));
  ledger.putPartner(1, { maxInFlight: 8 }, [{ breaker: null }]);
  ledger.enqueue(10, 200, clock.now());
  turns.ring([1]);
  await clock.advance(10);
  expect(inFlight()).toBe(2);
  await clock.advance(400);
  expect(inFlight()).toBe(8);
  expect(mostInFlight()).toBe(8);
  status = 503;
  await clock.advance(400);
  expect(inFlight()).toBe(1);
});

test("all turns together never pass the process's cap, and each partner gets its part of it", async () => {
  const { ledger, turns, clock, seen, mostInFlight } = await startDispatchBench(
    () => ({ status: 200, afterMs: 20 }),
    {
      maxInFlight: 10,
    },
  );
  for (let partnerNo = 1; partnerNo <= 5; partnerNo++) {
    ledger.putPartner(partnerNo);
    ledger.enqueue(partnerNo * 10, 400, clock.now());
  }
  turns.ring([1, 2, 3, 4, 5]);
  await clock.advance(1_000);
  expect(mostInFlight()).toBe(10);
  const counts = [1, 2, 3, 4, 5].map(
    (no) => seen.filter(({ id }) => Math.ceil(Number(id.slice(4)) / 400) === no).length,
  );
  expect(Math.min(...counts)).toBeGreaterThan(0.8 * Math.max(...counts));
});

test("a partner that hangs on every request does not delay another", async () => {
  const answer = ({ request }: SeenRequest): Answer => (request.url.includes("dead") ? "hang" : ok);
  const { ledger, turns, clock, seen, inFlight } = await startDispatchBench(answer, { maxInFlight: 8 });
  ledger.putPartner(1, {}, [{ url: "https://dead.example/" }]);
  ledger.putPartner(2);
  ledger.enqueue(10, 500, clock.now());
  turns.ring([1]);
  await clock.advance(15_000);
  expect(inFlight()).toBe(1);
  const [id] = ledger.enqueue(20, 1, clock.now());
  const at = clock.now();
  turns.ring([2]);
  await clock.advanceUntil(() => ledger.finished.has(id!), 100, 1);
  expect(seen.find((one) => one.id === id)!.atMs).toBe(at);
});

test("a ring during a long request in flight gets new work going at once", async () => {
  let first = true;
  const answer = (): Answer => (first ? ((first = false), "hang") : ok);
  const { ledger, turns, clock } = await startDispatchBench(answer);
  ledger.putPartner(1);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(30);
  const [id] = ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.has(id!), 3, 1);
  expect(turns.load().active).toBe(1);
});

test("a ring while the claim is under way is not lost", async () => {
  const bench = createDispatchBench();
  const { ledger, turns, clock, dispatcher } = bench;
  const claim = ledger.claim.bind(ledger);
  ledger.claim = async (...values) => {
    const answer = await claim(...values);
    await clock.sleep(10);
    return answer;
  };
  ledger.putPartner(1);
  ledger.duePartners = async () => [];
  await dispatcher.start();
  onTestFinished(() => stopDispatchBench(bench));
  turns.ring([1]);
  await clock.advance(5);
  const [id] = ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.has(id!), 40, 1);
  expect(ledger.pending.size).toBe(0);
});

test("Retry-After holds the whole endpoint and no other, also where the delivery that was told so ends", async () => {
  const retry = {
    schedule: [],
    client_error_schedule: [],
    jitter: "none",
    expires_after: "1h",
    retry_after_max: "1h",
  } as const;
  let refusing = true;
  const answer = ({ request }: SeenRequest): Answer =>
    refusing && request.url.includes("busy") ? { status: 429, retryAfter: "30" } : ok;
  const { ledger, turns, clock, seen } = await startDispatchBench(answer);
  ledger.putPartner(1, { maxInFlight: 1 }, [
    { url: "https://busy.example/", retry },
    { url: "https://free.example/" },
  ]);
  ledger.enqueue(10, 20, clock.now());
  ledger.enqueue(11, 20, clock.now());
  turns.ring([1]);
  const toldAtMs = clock.now() + 1;
  await clock.advance(29_000);
  expect(seen.filter(({ request }) => request.url.includes("busy"))).toHaveLength(1);
  expect(seen.filter(({ request }) => request.url.includes("free"))).toHaveLength(20);
  refusing = false;
  await clock.advanceUntil(() => ledger.finished.size === 40, 2_000, 1);
  const again = seen.filter(({ request }) => request.url.includes("busy"))[1]!;
  expect(again.atMs - toldAtMs).toSatisfy((ms: number) => ms >= 30_000 && ms < 30_020);
});

test("410 pauses the endpoint with its backlog, and a resume within the same turn is taken up", async () => {
  let gone = true;
  const answer = ({ request }: SeenRequest): Answer => {
    if (request.url.includes("slow")) return { status: 200, afterMs: 5_000 };
    return gone ? { status: 410 } : ok;
  };
  const { ledger, turns, clock, seen } = await startDispatchBench(answer);
  ledger.putPartner(1, {}, [{ url: "https://gone.example/" }, { url: "https://slow.example/" }]);
  ledger.enqueue(11, 1, clock.now());
  ledger.enqueue(10, 50, clock.now());
  turns.ring([1]);
  await clock.advance(2_000);
  const refused = seen.filter(({ request }) => request.url.includes("gone")).length;
  expect(refused).toBeLessThanOrEqual(2);
  expect(ledger.pending.size).toBe(51);
  expect(ledger.holds.every(({ untilMs }) => untilMs === null)).toBe(true);
  gone = false;
  const claims = ledger.calls.claim;
  ledger.resume(10);
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 50, 1_000);
  expect(turns.load().active).toBe(1);
  expect(ledger.calls.claim - claims).toBeLessThan(30);
});

test("a slice that others wait for ends, and the partner goes to the back of the line", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 10 }), {
    maxActive: 1,
  });
  for (const partnerNo of [1, 2, 3]) {
    ledger.putPartner(partnerNo, { maxInFlight: 1 });
    ledger.enqueue(partnerNo * 10, 1_000, clock.now());
  }
  turns.ring([1, 2, 3]);
  await clock.advance(12 * sliceMs);
  const order = seen
    .map(({ id }) => Math.ceil(Number(id.slice(4)) / 1_000))
    .filter((no, index, all) => no !== all[index - 1]);
  expect(order.slice(0, 6)).toEqual([1, 2, 3, 1, 2, 3]);
});

test("a pause stops the sending within a slice, and what is in flight is recorded", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 200 }));
  ledger.putPartner(1, { maxInFlight: 2 });
  ledger.enqueue(10, 1_000, clock.now());
  turns.ring([1]);
  await clock.advance(1_350);
  ledger.partner(1).paused = true;
  // What was claimed before waits in the turn's queue: it must not go.
  await clock.advance(sliceMs + 200);
  const sent = seen.length;
  await clock.advance(5_000);
  expect(seen.length).toBe(sent);
  expect(ledger.finished.size).toBe(sent);
  expect(turns.load()).toEqual({ active: 0, waiting: 0 });
});

test("changed settings are taken up within a slice of a turn that goes on", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 20 }));
  ledger.putPartner(1);
  ledger.enqueue(10, 100_000, clock.now());
  turns.ring([1]);
  await clock.advance(300);
  ledger.putPartner(1, {}, [{ url: "https://new.example/" }]);
  await clock.advance(sliceMs + 100);
  const late = seen.filter(({ atMs }) => atMs > clock.now() - 50);
  expect(late.length).toBeGreaterThan(0);
  expect(late.every(({ request }) => request.url === "https://new.example/")).toBe(true);
});

test("a turn whose fence was passed stops sending; what it got an answer to is recorded", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 200 }));
  ledger.putPartner(1, { maxInFlight: 2 });
  ledger.enqueue(10, 1_000, clock.now());
  turns.ring([1]);
  await clock.advance(1_350);
  ledger.duePartners = async () => [];
  ledger.partner(1).fence += 1;
  await clock.advance(sliceMs + 200);
  const sent = seen.length;
  await clock.advance(5_000);
  expect(seen.length).toBe(sent);
  expect(ledger.finished.size).toBe(sent);
});

test("a turn of an adapter that cannot tell of rings or of the end starts nothing once the process is stopping", async () => {
  let stopping = false;
  let run: RunTurn | null = null;
  const turns: Turns = {
    ring() {},
    serve() {},
    ringAt() {},
    look() {},
    reach: () => "process",
    fault: () => null,
    start: async (given) => void (run = given),
    stop: async () => {},
    load: () => ({ active: 0, waiting: 0 }),
  };
  const { ledger, clock, seen, dispatcher } = createDispatchBench(() => ({ status: 200, afterMs: 10 }), {
    turns,
  });
  ledger.putPartner(1, { maxInFlight: 1 });
  ledger.enqueue(10, 1_000, clock.now());
  await dispatcher.start();
  const slot = {
    partnerNo: 1,
    signal: new AbortController().signal,
    contended: () => false,
    stopping: () => stopping,
  };
  let ended: number | null = null;
  void run!(slot).then(({ nextDueAtMs }) => (ended = nextDueAtMs));
  await clock.advance(105);
  stopping = true;
  const sent = seen.length;
  await clock.advance(10);
  expect([seen.length, ledger.finished.size]).toEqual([sent, sent]);
  expect(ended).toBeGreaterThan(benchStartMs + 100);
  await clock.advance(0);
  void dispatcher.stop(0);
  await clock.advance(2_000);
  expect(clock.sleepers()).toBe(0);
});

test("stop lets what is in flight end within the grace, and starts nothing more", async () => {
  const bench = createDispatchBench(() => ({ status: 200, afterMs: 50 }));
  const { ledger, turns, clock, dispatcher, seen } = bench;
  ledger.putPartner(1, { maxInFlight: 4 });
  ledger.enqueue(10, 1_000, clock.now());
  await dispatcher.start();
  turns.ring([1]);
  await clock.advance(210);
  const sent = seen.length;
  let over = false;
  void dispatcher.stop(1_000).then(() => (over = true));
  await clock.advanceUntil(() => over, 100);
  expect(seen.length).toBe(sent);
  expect(ledger.finished.size).toBe(sent);
  expect(clock.sleepers()).toBe(0);
});

test("what is still in flight after the grace is handed back as it was", async () => {
  const bench = createDispatchBench(() => "hang");
  const { ledger, turns, clock, dispatcher, seen } = bench;
  ledger.putPartner(1);
  ledger.enqueue(10, 10, clock.now());
  await dispatcher.start();
  turns.ring([1]);
  await clock.advance(10);
  let over = false;
  void dispatcher.stop(500).then(() => (over = true));
  await clock.advance(499);
  expect(over).toBe(false);
  await clock.advanceUntil(() => over, 10, 1);
  expect(seen).toHaveLength(2);
  expect([ledger.pending.size, ledger.attempts.length]).toEqual([10, 0]);
  expect([...ledger.pending.values()].every((row) => row.attemptsMade === 0)).toBe(true);
  expect(clock.sleepers()).toBe(0);
});

test("a fault while a request is prepared puts the delivery back as it was, and the other deliveries go on", async () => {
  const { ledger, turns, clock, faults, attempts } = await startDispatchBench();
  ledger.putPartner(1, {}, [{ body: "form" }]);
  const [bad] = ledger.enqueue(10, 1, clock.now(), { acceptedAtMs: Number.NaN });
  ledger.enqueue(10, 50, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 50, 1_000);
  await clock.advance(30_000);
  const row = ledger.pending.get(bad!)!;
  expect(row).toMatchObject({ attemptsMade: 0, attemptsBefore: 0, clientErrors: 0 });
  expect(row.dueAtMs).toBeGreaterThan(clock.now());
  expect(faults.filter(({ where }) => where === "send")).toEqual([
    { where: "send", error: expect.any(RangeError), retryInMs: expect.any(Number) },
  ]);
  expect(attempts.some(({ deliveryId }) => deliveryId === bad)).toBe(false);
});

test("in a crowded process a backlog gives way to others, and alone it takes what it can", async () => {
  const mostInFlight = async (others: boolean) => {
    const { ledger, turns, clock, seen, dispatcher } = await startDispatchBench(
      () => ({ status: 200, afterMs: 20 }),
      {
        load: { busy: () => 0.9 },
      },
    );
    ledger.putPartner(1);
    ledger.putPartner(2);
    const backlog = ledger.enqueue(10, 2_000, clock.now());
    turns.ring([1]);
    let most = 0;
    await clock.advanceUntil(
      () => {
        if (others && clock.now() % 100 === 0) {
          ledger.enqueue(20, 1, clock.now());
          turns.ring([2]);
        }
        if (seen.length > 1_500) most = Math.max(most, dispatcher.progress().inFlight);
        return backlog.every((id) => ledger.finished.has(id));
      },
      600_000,
      5,
    );
    return most;
  };
  expect(await mostInFlight(false)).toBeGreaterThan(8);
  expect(await mostInFlight(true)).toBeLessThanOrEqual(2);
});
