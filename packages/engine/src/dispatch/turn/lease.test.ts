/** What a turn does about its lease: the ledger says who may send, and for how long. */
import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import { startDispatchBench } from "../../testing/dispatch-bench.ts";

test("a process that stood still for half its lease asks before it sends again, and sends nothing where another took over", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 50 }));
  ledger.leaseMs = 5_000;
  ledger.putPartner(1, { maxInFlight: 4 });
  ledger.enqueue(10, 1_000, clock.now());
  turns.ring([1]);
  await clock.advance(1_000);
  const [sent, claims] = [seen.length, ledger.calls.claim];
  expect(sent).toBeGreaterThan(50);
  ledger.duePartners = async () => [];
  const nowMs = clock.now.bind(clock);
  clock.now = () => nowMs() + 2_300;
  await clock.advance(60);
  expect(ledger.calls.claim).toBeGreaterThan(claims);
  // Nobody took over: it goes on.
  await clock.advance(100);
  expect(seen.length).toBeGreaterThan(sent);
  ledger.partner(1).fence += 1;
  clock.now = () => nowMs() + 4_600;
  const sentBefore = seen.length;
  await clock.advance(5_000);
  expect(seen.length).toBe(sentBefore);
});

test("when the ledger's server was lost, a turn asks before it sends anything more", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 50 }));
  ledger.putPartner(1, { maxInFlight: 4 });
  ledger.enqueue(10, 1_000, clock.now());
  turns.ring([1]);
  await clock.advance(1_020);
  ledger.duePartners = async () => [];
  ledger.partner(1).fence += 1;
  ledger.lose();
  const sent = seen.length;
  await clock.advance(5_000);
  expect(seen.length).toBe(sent);
});

test("when the ledger's server was lost, what was claimed is let go of and everything is read again", async () => {
  const { ledger, turns, clock, seen, faults } = await startDispatchBench(() => ({
    status: 200,
    afterMs: 50,
  }));
  ledger.putPartner(1, { maxInFlight: 4 }, [{}, { url: "https://partner.example/two" }]);
  ledger.enqueue(10, 100, clock.now());
  ledger.enqueue(11, 100, clock.now());
  turns.ring([1]);
  await clock.advance(120);
  const sent = seen.length;
  // What takes the server's place knows half of the deliveries, other settings under the same version, and the lease.
  const forgotten = new Set([...ledger.pending.keys()].filter((_, index) => index % 2 === 0));
  for (const id of forgotten) ledger.pending.delete(id);
  const row = ledger.partner(1);
  const { version } = row.settings;
  ledger.putPartner(1, { maxInFlight: 4 }, [{ url: "https://partner.example/three" }]);
  row.settings = { ...ledger.partner(1).settings, version };
  ledger.partner(1).settings = row.settings;
  ledger.lose();
  await clock.advance(10_000);
  const after = seen.slice(sent);
  expect(after.length).toBeGreaterThan(10);
  expect(after.filter(({ id }) => forgotten.has(id))).toEqual([]);
  expect(new Set(after.map(({ request }) => request.url))).toEqual(
    new Set(["https://partner.example/three"]),
  );
  expect(faults).toEqual([]);
});

test("a turn that ends because others wait renews its lease for as long as answers are awaited", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200, afterMs: 9_000 }), {
    maxActive: 1,
  });
  ledger.leaseMs = 5_000;
  ledger.duePartners = async () => [];
  for (const partnerNo of [1, 2]) {
    ledger.putPartner(partnerNo, {}, [{ timeout: "30s" }]);
    ledger.enqueue(partnerNo * 10, 1, clock.now());
  }
  const askedAtMs: number[] = [];
  const claim = ledger.claim.bind(ledger);
  ledger.claim = (requests, ...rest) => {
    if (requests.some(({ partnerNo }) => partnerNo === 1)) askedAtMs.push(clock.now());
    return claim(requests, ...rest);
  };
  turns.ring([1, 2]);
  await clock.advanceUntil(() => seen.length === 2, 20_000, 10);
  // The lease is asked for again while half of it is left, up to the answer.
  const gaps = askedAtMs.slice(1).map((atMs, n) => atMs - askedAtMs[n]!);
  expect(askedAtMs.at(-1)! - askedAtMs[0]!).toBeGreaterThan(8_000);
  expect(Math.max(...gaps)).toBeLessThan(2_250);
});

test("work that another process had for a partner during its turn leads to another turn", async () => {
  const { ledger, turns, clock } = await startDispatchBench();
  ledger.leaseMs = 5_000;
  ledger.duePartners = async () => [];
  ledger.putPartner(1);
  ledger.enqueue(10, 1, clock.now());
  let late: string | undefined;
  ledger.closeTurns = async (closes) => {
    if (late) return [];
    [late] = ledger.enqueue(10, 1, clock.now());
    return closes.map(({ partnerNo }) => partnerNo);
  };
  turns.ring([1]);
  await clock.advanceUntil(() => late !== undefined && ledger.finished.has(late), 1_200, 1);
  expect(ledger.pending.size).toBe(0);
});

test("a partner whose turn another process holds is not served, and the holder is told", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench();
  ledger.putPartner(1);
  ledger.enqueue(10, 1, clock.now());
  const told: number[] = [];
  ledger.tellHolders = async (partnerNos) => void told.push(...partnerNos);
  const claim = ledger.claim.bind(ledger);
  ledger.claim = async (...given) =>
    (await claim(...given)).map((claimed) => ({ ...claimed, standing: "elsewhere", deliveries: [] }));
  turns.ring([1]);
  await clock.advance(100);
  expect([seen.length, turns.load().active]).toEqual([0, 0]);
  expect(told).toEqual([1]);
});

test("a leased turn with nothing to do stays for a moment: a ring then needs a look, and no other turn", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench();
  ledger.leaseMs = 5_000;
  ledger.duePartners = async () => [];
  ledger.putPartner(1);
  let closes = 0;
  const closeTurns = ledger.closeTurns.bind(ledger);
  ledger.closeTurns = (given) => {
    closes += 1;
    return closeTurns(given);
  };
  for (let event = 1; event <= 10; event++) {
    ledger.enqueue(10, 1, clock.now());
    turns.ring([1]);
    await clock.advanceUntil(() => seen.length === event && ledger.pending.size === 0, 100, 1);
    await clock.advance(700);
  }
  expect([ledger.partner(1).fence, closes]).toEqual([1, 0]);
  await clock.advance(1_050);
  expect([turns.load().active, closes]).toEqual([0, 1]);
});

test("a retry that is due while the turn stays is sent then", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({
    status: seen.length > 1 ? 200 : 503,
  }));
  ledger.leaseMs = 5_000;
  const retry = { ...endpointDefaults.retry, schedule: ["10ms"] };
  ledger.putPartner(1, {}, [{ retry }]);
  ledger.duePartners = async () => [];
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => seen.length === 2, 1_000, 1);
  expect(ledger.partner(1).fence).toBe(1);
});

test("turns with nothing to do give their places to partners that wait, the longest idle first", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(undefined, { maxActive: 3 });
  ledger.leaseMs = 5_000;
  ledger.duePartners = async () => [];
  for (let partnerNo = 1; partnerNo <= 5; partnerNo++) {
    ledger.putPartner(partnerNo);
    ledger.enqueue(partnerNo * 10, 1, clock.now());
    turns.ring([partnerNo]);
    await clock.advanceUntil(() => seen.length === partnerNo && ledger.pending.size === 0, 100, 1);
    await clock.advance(10);
  }
  expect(turns.load()).toEqual({ active: 3, waiting: 0 });
  // 3 to 5 have their turns still: another event needs no other.
  for (const partnerNo of [1, 5]) ledger.enqueue(partnerNo * 10, 1, clock.now());
  turns.ring([1, 5]);
  await clock.advanceUntil(() => ledger.pending.size === 0, 100, 1);
  expect([1, 2, 3, 4, 5].map((partnerNo) => ledger.partner(partnerNo).fence)).toEqual([2, 1, 1, 1, 1]);
});

test("a turn with nothing to do gives its place to a partner that waits", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(undefined, { maxActive: 1 });
  ledger.leaseMs = 5_000;
  for (const partnerNo of [1, 2]) ledger.putPartner(partnerNo);
  for (const partnerNo of [1, 2]) ledger.enqueue(partnerNo * 10, 1, clock.now());
  turns.ring([1, 2]);
  const from = clock.now();
  await clock.advanceUntil(() => seen.length === 2, 1_000, 1);
  expect(clock.now() - from).toBeLessThan(20);
});

test.each([-86_400_000, -2_000, 2_000, 86_400_000])(
  "a clock that is set by %i ms ends nothing that is in flight, and lengthens no lease",
  async (ms) => {
    const { ledger, turns, clock, seen, attempts } = await startDispatchBench(() => ({
      status: 200,
      afterMs: 400,
    }));
    ledger.leaseMs = 5_000;
    ledger.putPartner(1, { maxInFlight: 4 });
    ledger.enqueue(10, 2, clock.now());
    turns.ring([1]);
    await clock.advance(100);
    expect(seen).toHaveLength(2);
    clock.step(ms);
    await clock.advance(500);
    expect(attempts.map(({ outcome, n, durationMs }) => ({ outcome, n, durationMs }))).toEqual([
      { outcome: "delivered", n: 1, durationMs: 400 },
      { outcome: "delivered", n: 1, durationMs: 400 },
    ]);
    expect(seen).toHaveLength(2);
  },
);
