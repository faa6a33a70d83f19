import { expect, test } from "vitest";
import type { DueDelivery } from "../../ports/ledger.ts";
import { Places } from "./places.ts";

const now = 1_000_000;
/** Claims take `claimMs`; the two clocks go together. */
function turnOf(claimMs: number, turnsActive = 1) {
  let atMs = now;
  const places = new Places({ now: () => atMs, monotonicMs: () => atMs }, () => turnsActive);
  return {
    places,
    wait: (ms: number) => void (atMs += ms),
    /** Claims up to 2 and is given `ids`, due at `dueAtMs`, of a lane. Gives where it began, and what the page says. */
    claim(ids: readonly string[], { dueAtMs = 0, lane = 0, allTaken = true, meanwhile = () => {} } = {}) {
      const asked = places.ask(2);
      atMs += claimMs;
      meanwhile();
      const deliveries = ids.map((id) => ({ id, dueAtMs }) as DueDelivery);
      const lastLane = ids.length > 0 ? lane : null;
      return { from: asked.from, saysAll: asked.takeOver({ deliveries, lastLane }, allTaken) };
    },
  };
}
const lanesOf = (turn: ReturnType<typeof turnOf>) => turn.places.ask(2).from?.lanes;
const latest = { dueAtMs: now - 2_000, id: null };
const head = { dueAtMs: Number.NEGATIVE_INFINITY, id: null };

test("the first claim begins at the heads, the next where its page ended", () => {
  const turn = turnOf(100);
  expect(turn.claim(["a", "b"], { dueAtMs: 5 }).from).toBeNull();
  expect(turn.places.ask(2).from).toEqual({ lanes: [{ dueAtMs: 5, id: "b" }, head, head], sinceMs: now });
});

test("the lanes before that of the last delivery were read to the end, those after it as far as before", () => {
  const turn = turnOf(100);
  turn.claim(["a", "b"], { dueAtMs: 5, lane: 1 });
  expect(lanesOf(turn)).toEqual([latest, { dueAtMs: 5, id: "b" }, head]);
  turn.claim(["c", "d"], { dueAtMs: 6 });
  expect(lanesOf(turn)).toEqual([{ dueAtMs: 6, id: "d" }, { dueAtMs: 5, id: "b" }, head]);
});

test("a short page read all lanes to the end; no place is nearer to the present than what may be stored late", () => {
  const turn = turnOf(100);
  turn.claim(["a"], { dueAtMs: 5 });
  expect(lanesOf(turn)).toEqual([latest, latest, latest]);
  const recent = turnOf(100);
  recent.claim(["a", "b"], { dueAtMs: now - 1_000 });
  expect(lanesOf(recent)).toEqual([latest, head, head]);
});

test("a time between two milliseconds is rounded down, for the ledger's has microseconds", () => {
  const turn = turnOf(100);
  turn.claim(["a", "b"], { dueAtMs: 5.25 });
  expect(lanesOf(turn)?.[0]).toEqual({ dueAtMs: 5, id: null });
});

test.each([
  [0, 0],
  [3, 60],
  [100, 2_000],
  [400, 5_000],
  [60_000, 5_000],
])("if a claim from the heads takes %d ms, the next comes %d ms later", (claimMs, laterMs) => {
  const turn = turnOf(claimMs);
  turn.claim(["a", "b"]);
  turn.wait(Math.max(0, laterMs - 1));
  expect(turn.places.ask(2).from === null).toBe(laterMs === 0);
  turn.wait(1);
  expect(turn.places.ask(2).from).toBeNull();
});

test.each([
  [1, 60],
  [20, 1_200],
  [100, 5_000],
])("beside %d turns that claim without a pause, the heads are read after %d ms", (turnsActive, laterMs) => {
  const turn = turnOf(3, turnsActive);
  turn.claim(["a", "b"]);
  for (let waitedMs = 0; waitedMs < laterMs - 3; waitedMs += 3) {
    const page = waitedMs % 2 === 0 ? ["c"] : ["c", "d"];
    expect(turn.claim(page).from).not.toBeNull();
  }
  turn.wait(3);
  expect(turn.places.ask(2).from).toBeNull();
});

test("a turn among many that has nothing else to do reads from the heads soon", () => {
  const turn = turnOf(3, 100);
  turn.claim(["a", "b"]);
  turn.claim(["c"]);
  expect(turn.places.lookInMs()).toBe(60 + 50);
  turn.wait(60);
  expect(turn.claim([]).from).toBeNull();
  expect(turn.places.lookInMs()).toBe(Number.POSITIVE_INFINITY);
});

test("a short page that was not read from the heads is looked at again, unless another claim did so before", () => {
  const turn = turnOf(100);
  turn.claim(["a"]);
  expect(turn.places.lookInMs()).toBe(Number.POSITIVE_INFINITY);
  turn.claim(["b"]);
  expect(turn.places.lookInMs()).toBe(2_000 - 100 + 50);
  turn.wait(3_000);
  expect(turn.places.lookInMs()).toBe(1);
  expect(turn.claim([]).from).toBeNull();
  expect(turn.places.lookInMs()).toBe(Number.POSITIVE_INFINITY);
});

test("once forgotten, places are void, and those of a claim under way too: a short page does not say then that all was read", () => {
  const turn = turnOf(100);
  turn.claim(["a", "b"]);
  const forget = () => turn.places.forget();
  const under = turn.claim([], { meanwhile: forget });
  expect([under.from === null, under.saysAll]).toEqual([false, false]);
  expect(turn.places.lookInMs()).toBe(Number.POSITIVE_INFINITY);
  expect(turn.claim(["c", "d"], { meanwhile: forget })).toEqual({ from: null, saysAll: true });
  expect(turn.claim(["c", "d"]).from).toBeNull();
  expect(turn.claim([]).from).not.toBeNull();
});

test("what of a page was not taken is read again from the heads", () => {
  const turn = turnOf(100);
  expect(turn.claim(["a", "b"], { allTaken: false }).saysAll).toBe(true);
  expect(turn.claim([]).from).toBeNull();
});

test("a claim of none reads nothing and changes nothing", () => {
  const turn = turnOf(100);
  const asked = turn.places.ask(0);
  expect([asked.from, asked.takeOver({ deliveries: [], lastLane: null }, true)]).toEqual([null, true]);
  expect(turn.claim(["a", "b"]).from).toBeNull();
});
