import { expect, test } from "vitest";
import { createSeededRandom } from "../testing/seeded-random.ts";
import { type Abortable, AbortGroups } from "./abort-groups.ts";

function createExchange() {
  const exchange = {
    group: null as Abortable["group"],
    placeInGroup: 0,
    aborts: 0,
    abort() {
      exchange.aborts += 1;
      exchange.end();
    },
    end: () => exchange.group?.delete(exchange),
  };
  return exchange;
}

test("a signal ends those that are under way, once, and nobody else's, in whatever order others came and went", () => {
  const random = createSeededRandom(11);
  const groups = new AbortGroups();
  for (let round = 0; round < 200; round++) {
    const signals = [new AbortController(), new AbortController()] as const;
    const open: [Set<ReturnType<typeof createExchange>>, Set<ReturnType<typeof createExchange>>] = [
      new Set(),
      new Set(),
    ];
    const over: ReturnType<typeof createExchange>[] = [];
    for (let step = 0; step < 40; step++) {
      const which = random() < 0.5 ? 0 : 1;
      const some = [...open[which]];
      if (random() < 0.6 || some.length === 0) {
        const exchange = createExchange();
        open[which].add(exchange);
        groups.join(signals[which].signal, exchange);
      } else {
        const ended = some[Math.floor(random() * some.length)]!;
        open[which].delete(ended);
        over.push(ended);
        ended.end();
      }
    }
    signals[0].abort();
    expect([...open[0]].every(({ aborts }) => aborts === 1)).toBe(true);
    expect([...open[1], ...over].every(({ aborts }) => aborts === 0)).toBe(true);
  }
});

test("a signal that ends nobody any more has no listener left", () => {
  const groups = new AbortGroups();
  const abort = new AbortController();
  const listeners = new Set<unknown>();
  abort.signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
  abort.signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener);
  const exchanges = [createExchange(), createExchange(), createExchange()];
  for (const exchange of exchanges) groups.join(abort.signal, exchange);
  expect(listeners.size).toBe(1);
  for (const exchange of exchanges) exchange.end();
  expect(listeners.size).toBe(0);
});
