/** A process that lacks what others have leaves the partners concerned to them, and spends nothing on them. */
import { expect, test } from "vitest";
import { PostriderError } from "../core/errors.ts";
import type { Transport } from "../ports/transport.ts";
import { type DispatchBench, exchangeOf, startDispatchBench } from "../testing/dispatch-bench.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import type { DispatcherOptions } from "./dispatcher.ts";

/** A bench whose conditions and passed on partners are seen. */
async function start(options: Partial<Pick<DispatcherOptions, "transport" | "allowedTargets">> = {}) {
  const memory = createMemoryLedger();
  const passedOn: number[] = [];
  memory.passOn = async (partnerNos) => void passedOn.push(...partnerNos);
  const conditions = new Map<string, string>();
  const told: string[] = [];
  const bench = await startDispatchBench(undefined, {
    memory,
    ...options,
    conditions: {
      set(name, message) {
        told.push(name);
        if (message === null) conditions.delete(name);
        else conditions.set(name, message);
      },
    },
  });
  return { ...bench, passedOn, conditions, told };
}

const spent = ({ ledger, attempts }: DispatchBench) => [ledger.attempts.length, attempts.length];

test("a partner whose master key is missing is left to others, and served here once the key is there", async () => {
  const bench = await start();
  const { ledger, turns, clock, seen, passedOn, conditions, faults } = bench;
  ledger.putPartner(1);
  ledger.putPartner(2);
  const settings = ledger.settings.bind(ledger);
  const error = new PostriderError("secret_unreadable", "None of the given master keys opens this secret.");
  let missing = true;
  ledger.settings = async (...given) =>
    (await settings(...given)).map((one) =>
      missing && one.partnerNo === 1 ? { ...one, keys: [], unreadable: { keyId: "1a2b3c4d", error } } : one,
    );
  ledger.enqueue(10, 3, clock.now());
  ledger.enqueue(20, 3, clock.now());
  turns.ring([1, 2]);
  await clock.advance(3_000);
  expect(seen.length).toBe(3);
  expect(passedOn.length).toBeGreaterThan(0);
  expect(new Set(passedOn)).toEqual(new Set([1]));
  expect(conditions.get("key_missing")).toMatch(
    /lacks the master key .* partner-1 \(key id 1a2b3c4d\).*old,new everywhere, then new,old, then new/,
  );
  const { fence } = ledger.partner(1);
  await clock.advance(3_000);
  // Its turns are not even opened, so that others can have them.
  expect(ledger.partner(1).fence).toBe(fence);
  missing = false;
  await clock.advance(6_000);
  expect([seen.length, conditions.size, faults]).toEqual([6, 0, []]);
  expect(spent(bench)).toEqual([6, 6]);
});

test("a partner that others ask to be served is served here, unless it is left to others here too", async () => {
  const { ledger, clock, seen, dispatcher } = await start();
  ledger.duePartners = async () => [];
  ledger.putPartner(1);
  ledger.enqueue(10, 1, clock.now());
  dispatcher.hear({ partnerNos: [1], holdersOnly: false, passedOn: true });
  await clock.advance(100);
  expect(seen).toHaveLength(1);
});

const http = "http://crm.internal:8080/pb";
test.each([
  ["nobody else allows it", [], "spent"],
  ["another allows it", [["crm.internal:8080"]], "left"],
  ["another allows other targets only", [["elsewhere.internal:80"]], "spent"],
])("a target that is not allowed here, and %s", async (_, others, what) => {
  const bench = await start();
  const { ledger, turns, clock, seen, passedOn, conditions } = bench;
  ledger.othersAllow = async () => others;
  ledger.putPartner(1, {}, [{ url: http }]);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(3_000);
  expect(seen).toEqual([]);
  if (what === "left") {
    expect(spent(bench)).toEqual([0, 0]);
    expect(new Set(passedOn)).toEqual(new Set([1]));
    expect(conditions.get("target_not_allowed")).toMatch(/does not name crm.internal:8080.*serves partner-1/);
    // The other one is gone for good: it is refused here, as if nobody had allowed it.
    ledger.othersAllow = async () => [];
    await clock.advance(11_000);
    expect(conditions.size).toBe(0);
  }
  expect(ledger.attempts).toMatchObject([{ error: expect.stringContaining("target_refused") }]);
});

test("of two processes that each allow another target of a partner, neither leaves it to the other", async () => {
  const bench = await start({ allowedTargets: new Set(["a.internal:80"]) });
  const { ledger, turns, clock, seen, passedOn } = bench;
  ledger.othersAllow = async () => [["b.internal:80"]];
  ledger.putPartner(1, {}, [{ url: "http://a.internal/" }, { url: "http://b.internal/" }]);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(1_000);
  expect([seen.length, passedOn]).toEqual([1, []]);
});

test("a name that resolves to an address which only another process allows costs no step either", async () => {
  const transport: Transport = {
    send: async () =>
      exchangeOf(null, { failure: { class: "target_refused", message: "crm.example is 10.0.0.1" } }),
    close: async () => {},
  };
  const bench = await start({ transport });
  const { ledger, turns, clock, passedOn, conditions } = bench;
  ledger.othersAllow = async () => [["crm.example:443"]];
  ledger.putPartner(1, {}, [{ url: "https://crm.example/pb" }]);
  ledger.enqueue(10, 4, clock.now());
  turns.ring([1]);
  await clock.advance(3_000);
  expect(spent(bench)).toEqual([0, 0]);
  expect([...ledger.pending.values()].map(({ attemptsMade }) => attemptsMade)).toEqual([0, 0, 0, 0]);
  expect(new Set(passedOn)).toEqual(new Set([1]));
  expect(conditions.get("target_not_allowed")).toContain("crm.example:443");
});

const unreadable = { keyId: "1a2b3c4d", error: new PostriderError("secret_unreadable", "No key opens it.") };

test.each([
  ["cannot be read", [], 1],
  ["cannot be compiled", [null as never], 0],
])(
  "a partner that %s is left no more, and stops no other from being looked at",
  async (_, endpoints, fails) => {
    const bench = await start();
    const { ledger, turns, clock, seen, conditions } = bench;
    for (const partnerNo of [1, 2, 3]) ledger.putPartner(partnerNo);
    const settings = ledger.settings.bind(ledger);
    let missing = true;
    ledger.settings = async (partnerNos, nowMs) => {
      if (!missing && fails && partnerNos.includes(1)) throw new Error("this row breaks the statement");
      const found = await settings(partnerNos, nowMs);
      if (missing) return found.map((one) => ({ ...one, keys: [], unreadable }));
      return found.map((one) => (one.partnerNo === 1 ? { ...one, endpoints } : one));
    };
    for (const partnerNo of [1, 2, 3]) ledger.enqueue(partnerNo * 10, 1, clock.now());
    turns.ring([1, 2, 3]);
    await clock.advance(1_000);
    expect([seen.length, conditions.has("key_missing")]).toEqual([0, true]);
    missing = false;
    await clock.advance(6_000);
    expect([seen.length, conditions.size]).toEqual([2, 0]);
  },
);

test("many partners left at once are put in words a few times, not once each", async () => {
  const bench = await start();
  const { ledger, turns, clock, told, conditions } = bench;
  const settings = ledger.settings.bind(ledger);
  ledger.settings = async (...given) =>
    (await settings(...given)).map((one) => ({ ...one, keys: [], unreadable }));
  const partnerNos = Array.from({ length: 300 }, (_, n) => n + 1);
  for (const partnerNo of partnerNos) {
    ledger.putPartner(partnerNo);
    ledger.enqueue(partnerNo * 10, 1, clock.now());
  }
  turns.ring(partnerNos);
  await clock.advance(1_000);
  expect(conditions.get("key_missing")).toMatch(/and 297 more/);
  expect(told.filter((name) => name === "key_missing").length).toBeLessThan(10);
});

test("what this process can do is declared again every few minutes, should it have been removed", async () => {
  const memory = createMemoryLedger();
  let declared = 0;
  memory.declare = async () => void (declared += 1);
  const { clock } = await startDispatchBench(undefined, { memory });
  await clock.advance(1_000);
  expect(declared).toBe(1);
  await clock.advance(600_000);
  expect(declared).toBe(4);
});
