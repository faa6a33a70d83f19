import { expect, test } from "vitest";
import type { DueDelivery } from "../../ports/ledger.ts";
import { Claims } from "./claims.ts";

const due = (id: string, endpointNo = 1, orderKey: string | null = null) =>
  ({ id, endpointNo, orderKey }) as DueDelivery;
const waitingIds = (claims: Claims) => {
  const ids: string[] = [];
  for (; claims.waiting > 0; claims.shift()) ids.push(claims.first.id);
  return ids;
};

test("what is claimed waits in order, is open when taken, and is busy until it is done", () => {
  const claims = new Claims();
  claims.ask()([due("a"), due("b")]);
  claims.ask()([due("b"), due("c")]);
  expect([claims.waiting, claims.open]).toEqual([3, 0]);
  expect(claims.first.id).toBe("a");
  claims.shift();
  expect([claims.waiting, claims.open, [...claims.busyIds]]).toEqual([2, 1, ["a", "b", "c"]]);
  claims.release("a");
  expect(claims.open).toBe(0);
  expect(waitingIds(claims)).toEqual(["b", "c"]);
});

test("a held endpoint's deliveries are let go of, and passed over until a claim sent after its hold was stored", () => {
  const claims = new Claims();
  claims.ask()([due("a", 1), due("b", 2), due("c", 1)]);
  claims.shift();
  const before = claims.ask();
  claims.hold(1);
  expect([...claims.busyIds]).toEqual(["a", "b"]);
  before([due("d", 1), due("e", 2)]);
  const unknowing = claims.ask();
  claims.noteHoldStored(1);
  unknowing([due("f", 1)]);
  expect([...claims.busyIds]).toEqual(["a", "b", "e"]);
  claims.ask()([due("g", 1)]);
  expect(waitingIds(claims)).toEqual(["b", "e", "g"]);
});

test("of several holds the last one stored counts", () => {
  const claims = new Claims();
  claims.hold(1);
  claims.hold(1);
  claims.noteHoldStored(1);
  claims.ask()([due("a")]);
  expect(claims.waiting).toBe(0);
  claims.noteHoldStored(1);
  claims.ask()([due("b")]);
  expect(waitingIds(claims)).toEqual(["b"]);
});

test("of a key only one is busy, whatever is claimed; done or let go of, the next may come", () => {
  const claims = new Claims();
  claims.ask()([due("a", 1, "k"), due("b", 1, "k"), due("c", 2, "k"), due("d", 1, "other"), due("e")]);
  claims.ask()([due("f", 1, "k"), due("g")]);
  expect(waitingIds(claims)).toEqual(["a", "c", "d", "e", "g"]);
  claims.release("a");
  claims.release("a");
  claims.ask()([due("h", 1, "k"), due("i", 1, "k")]);
  expect([...claims.busyIds]).toContain("h");
  claims.hold(1);
  claims.noteHoldStored(1);
  claims.ask()([due("j", 1, "k")]);
  expect(waitingIds(claims)).toEqual(["j"]);
});

test("a long queue keeps its order while it is cut behind what was taken", () => {
  const claims = new Claims();
  const ids = Array.from({ length: 2_000 }, (_, index) => `d${index}`);
  claims.ask()(ids.map((id) => due(id)));
  expect(waitingIds(claims)).toEqual(ids);
  expect([claims.waiting, claims.open]).toEqual([0, 2_000]);
});
