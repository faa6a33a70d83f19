import { type AcceptEvent, type AcceptResult, PostriderError } from "@postrider/engine";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAcceptBatcher } from "./accept-batcher.ts";

/** Events with these ids; an id is also the data, so that its length counts. */
const named = (...ids: string[]): AcceptEvent[] =>
  ids.map((event_id) => ({ event_id, type: "t", data_text: event_id }));
const idsOf = (events: readonly AcceptEvent[]) => events.map(({ event_id }) => event_id);
const result = (text: string): AcceptResult => ({ event_id: text, status: "accepted", deliveries: 1 });

/** A door whose calls end when the test says so. */
function heldDoor(
  answer: (texts: readonly string[]) => readonly AcceptResult[] = (texts) => texts.map(result),
) {
  const calls: { texts: readonly string[]; end: () => void }[] = [];
  const arrivals: (() => void)[] = [];
  return {
    calls,
    async arrived(count: number) {
      while (calls.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
    accept: (events: readonly AcceptEvent[]) =>
      new Promise<{ results: readonly AcceptResult[]; partnerNos: number[] }>((resolve, reject) => {
        const texts = idsOf(events);
        const end = () => {
          try {
            resolve({ results: answer(texts), partnerNos: [1] });
          } catch (error) {
            reject(error);
          }
        };
        calls.push({ texts, end });
        for (const arrived of arrivals.splice(0)) arrived();
      }),
    announce: async () => {},
  };
}

const quiet = { ring() {}, committed() {} };

describe("coalescing", () => {
  test("requests of one moment are one call; those that arrive while two calls run are the next", async () => {
    const door = heldDoor();
    const batcher = createAcceptBatcher(door, quiet, () => 0);
    const first = [batcher.accept(named("a")), batcher.accept(named("b", "c"))];
    await door.arrived(1);
    const second = [batcher.accept(named("d"))];
    await door.arrived(2);
    const third = ["e", "f", "g"].map((text) => batcher.accept(named(text)));
    await new Promise(setImmediate);
    expect(door.calls.map(({ texts }) => texts)).toEqual([["a", "b", "c"], ["d"]]);
    door.calls[1]?.end();
    await door.arrived(3);
    for (const { end } of door.calls) end();
    const results = await Promise.all([...first, ...second, ...third]);
    expect(results.map((each) => each.map(({ event_id }) => event_id))).toEqual([
      ["a"],
      ["b", "c"],
      ["d"],
      ["e"],
      ["f"],
      ["g"],
    ]);
    expect(door.calls).toHaveLength(3);
  });

  test("a call has at most so many events, unless one request alone has more", async () => {
    const door = heldDoor();
    const batcher = createAcceptBatcher(door, quiet, () => 0, { maxEvents: 3, maxCalls: 10 });
    const all = [["1", "2"], ["3"], ["4"], ["5", "6", "7", "8"], ["9"]].map((texts) =>
      batcher.accept(named(...texts)),
    );
    await door.arrived(4);
    expect(door.calls.map(({ texts }) => texts.join(""))).toEqual(["123", "4", "5678", "9"]);
    for (const { end } of door.calls) end();
    await Promise.all(all);
  });

  test("partners are rung after commit, and never for a call that failed", async () => {
    const rung: number[] = [];
    const door = heldDoor((texts) => {
      if (texts.includes("bad")) throw new Error("no");
      return texts.map(result);
    });
    const batcher = createAcceptBatcher(door, { ring: (nos) => rung.push(...nos), committed() {} }, () => 0);
    const bad = batcher.accept(named("bad"));
    await door.arrived(1);
    door.calls[0]?.end();
    await expect(bad).rejects.toThrow("no");
    expect(rung).toEqual([]);
    const good = batcher.accept(named("good"));
    await door.arrived(2);
    expect(rung).toEqual([]);
    door.calls[1]?.end();
    await good;
    expect(rung).toEqual([1]);
  });
});

describe("failures", () => {
  test("an unreachable ledger fails all at once, and is not asked again for each", async () => {
    const door = heldDoor(() => {
      throw new PostriderError("ledger_unavailable", "gone");
    });
    const batcher = createAcceptBatcher(door, quiet, () => 0);
    const all = ["a", "b", "c"].map((text) => batcher.accept(named(text)));
    await door.arrived(1);
    door.calls[0]?.end();
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(door.calls).toHaveLength(1);
  });

  test("too much waiting is refused, and served again when it has gone", async () => {
    const door = heldDoor();
    const batcher = createAcceptBatcher(door, quiet, () => 0, { maxCalls: 1, maxWaitingChars: 10 });
    const first = batcher.accept(named("first"));
    await door.arrived(1);
    const second = batcher.accept(named("12345678"));
    await expect(batcher.accept(named("abc"))).rejects.toMatchObject({ code: "rate_limited" });
    door.calls[0]?.end();
    await door.arrived(2);
    const third = batcher.accept(named("abc"));
    door.calls[1]?.end();
    await door.arrived(3);
    door.calls[2]?.end();
    expect(await Promise.all([first, second, third])).toHaveLength(3);
  });

  test("whatever is poisoned, every other request gets its own results in order", async () => {
    const request = fc.array(fc.constantFrom("a", "b", "c", "poison"), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 9 }),
        async (requests, maxEvents) => {
          const door = {
            async accept(events: readonly AcceptEvent[]) {
              const texts = idsOf(events);
              await new Promise(setImmediate);
              if (texts.some((text) => text.startsWith("poison"))) throw new Error("poisoned");
              return { results: texts.map(result), partnerNos: [] };
            },
            announce: async () => {},
          };
          const batcher = createAcceptBatcher(door, quiet, () => 0, { maxEvents });
          const given = requests.map((texts, index) =>
            texts.map((text, place) => `${text}-${index}-${place}`),
          );
          const outcomes = await Promise.allSettled(given.map((texts) => batcher.accept(named(...texts))));
          const got = outcomes.map((outcome) =>
            outcome.status === "fulfilled" ? outcome.value.map(({ event_id }) => event_id) : "failed",
          );
          const due = given.map((texts) => (texts.join().includes("poison") ? "failed" : texts));
          expect(got).toEqual(due);
        },
      ),
      { seed: 20261123, numRuns: 100 },
    );
  });
});
