import { expect, test } from "vitest";
import type { Exchange, Transport } from "../../ports/transport.ts";
import { exchangeOf, startDispatchBench } from "../../testing/dispatch-bench.ts";
import { LookUps } from "./look-ups.ts";
import { Slots } from "../slots.ts";

const failed = (failureClass: "dns" | "aborted") =>
  exchangeOf(null, { failure: { class: failureClass, message: "x" } });

test("any number of partners whose name servers are silent leaves slots and turns to the others", async () => {
  const open: { readonly end: (exchange: Exchange) => void }[] = [];
  const delivered: string[] = [];
  const transport: Transport = {
    send: (request, signal, watch) =>
      new Promise((resolve) => {
        const { host } = new URL(request.url);
        if (!host.startsWith("hang")) return resolve((delivered.push(host), exchangeOf(200)));
        queueMicrotask(() => watch!.began());
        let over = false;
        const end = (exchange: Exchange) => {
          if (over) return;
          over = true;
          watch!.ended();
          resolve(exchange);
        };
        open.push({ end });
        signal!.addEventListener("abort", () => end(failed("aborted")));
      }),
    close: async () => {},
  };
  const bench = await startDispatchBench(() => ({ status: 200 }), {
    transport,
    maxInFlight: 8,
    maxActive: 8,
  });
  const { ledger, turns, clock, dispatcher, attempts } = bench;
  for (let n = 1; n <= 40; n++) {
    ledger.putPartner(n, {}, [{ url: `https://hang${n}.example/` }]);
    ledger.enqueue(n * 10, 5, clock.now());
  }
  for (let n = 41; n <= 60; n++) {
    ledger.putPartner(n, {}, [{ url: `https://good${n}.example/` }]);
    ledger.enqueue(n * 10, 5, clock.now());
  }
  turns.ring(Array.from({ length: 60 }, (_, n) => n + 1));
  await clock.advance(500);
  // Not one of the hanging ones is over.
  expect(delivered).toHaveLength(100);
  expect(attempts).toHaveLength(100);
  expect(open.length).toBeGreaterThanOrEqual(40);
  expect(dispatcher.progress().inFlight).toBe(0);
  for (const { end } of open.splice(0)) end(failed("dns"));
  await clock.advance(20);
  expect(attempts.filter(({ failureClass }) => failureClass === "dns").length).toBeGreaterThanOrEqual(40);
});

test("slots that were lent are taken back, and counted beyond the cap for a moment", () => {
  const slots = new Slots(1);
  const lookUps = new LookUps(slots, () => {});
  expect(slots.take(() => {})).toBe(true);
  let came = 0;
  expect(slots.take(() => (came += 1))).toBe(false);
  lookUps.began();
  expect([came, slots.taken]).toEqual([1, 0]);
  expect(slots.take(() => {})).toBe(true);
  lookUps.ended();
  expect(slots.taken).toBe(2);
  expect(slots.take(() => {})).toBe(false);
  slots.give();
  slots.give();
  expect(slots.taken).toBe(0);
});
