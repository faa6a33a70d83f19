/** One request per item of an event's list, at a real partner: retries of its own for each, and a `kill -9` in between. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ledgers } from "./ledgers.ts";
import { eventFor, register } from "./partners.ts";
import { startServer } from "./server-process.ts";
import { until } from "./until.ts";

/** One request as the partner saw it. */
interface Seen {
  readonly id: string;
  readonly event: string;
  readonly n: number;
  readonly sku: string;
  readonly price: string;
}

/** A partner that keeps what it sees, and answers by a function of the requests for this item so far. */
async function startPartner(answer: (seen: Seen, before: number) => number) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "/", "http://partner").searchParams;
    const one = {
      id: String(request.headers["webhook-id"]),
      event: query.get("event") ?? "",
      n: Number(query.get("n")),
      sku: query.get("sku") ?? "",
      price: query.get("price") ?? "",
    };
    const before = seen.filter(({ event, n }) => event === one.event && n === one.n).length;
    seen.push(one);
    response.writeHead(answer(one, before)).end("seen");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { seen, target: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const endpointAt = (target: string) => ({
  url: `http://${target}/?event={event_id}&n={n}&sku={item.sku!}&price={item.price}`,
  method: "GET",
  fan_out: "data.items",
  retry: { schedule: ["50ms", "50ms", "50ms"], jitter: "none" },
});

/** Prices keep their digits. */
const dataOf = (count: number) => ({
  items: Array.from({ length: count }, (_, index) => ({ sku: `sku ${index + 1}`, price: "10.50" })),
});

test.each(ledgers)(
  "$name: of three items the second is refused twice; each is delivered, the others once",
  { timeout: 60_000 },
  async ({ fresh }) => {
    using ledger = await fresh();
    const { seen, target } = await startPartner(({ n }, before) => (n === 2 && before < 2 ? 500 : 200));
    await using server = await startServer({ ...ledger.env, POSTRIDER_ALLOW_TARGETS: target });
    await register(server, { id: "admitad", endpoint: endpointAt(target) });
    const { results } = await server.ok("POST", "/v1/events", {
      events: [eventFor("admitad", "basket", dataOf(3))],
    });
    expect(results).toMatchObject([{ status: "accepted", deliveries: 1 }]);
    const deliveries = await until("each item to be delivered", async () => {
      const event = await server.ok("GET", "/v1/events/basket");
      const items = (event.deliveries as { state: string; item: number }[]).toSorted(
        (a, b) => a.item - b.item,
      );
      return items.length === 3 && items.every(({ state }) => state === "delivered") ? items : null;
    });
    expect(deliveries).toMatchObject([
      { item: 1, items: 3, attempts: { length: 1 } },
      { item: 2, items: 3, attempts: { length: 3 } },
      { item: 3, items: 3, attempts: { length: 1 } },
    ]);
    const requests = seen.map(({ id, n, sku, price }) => [id, n, sku, price]);
    expect(requests.toSorted()).toEqual(
      (deliveries as any[])
        .flatMap(({ id, item, attempts }) => attempts.map(() => [id, item, `sku ${item}`, "10.50"]))
        .toSorted(),
    );
    expect(await server.ok("GET", "/v1/conservation")).toMatchObject({ accepted: 3, pending: 0, drift: 0 });

    // An event without a list, and one that is too long.
    const events = [
      eventFor("admitad", "empty", {}),
      eventFor("admitad", "long", { items: Array.from({ length: 1_001 }, () => ({})) }),
    ];
    await server.ok("POST", "/v1/events", { events });
    const ends = await until("both to end", async () => {
      const shown = await Promise.all(["empty", "long"].map((id) => server.ok("GET", `/v1/events/${id}`)));
      const all = shown.flatMap((event) => event.deliveries as { state: string; reason: string }[]);
      return all.every(({ state }) => state !== "pending") ? all : null;
    });
    expect(ends.map(({ state, reason }) => [state, reason])).toEqual([
      ["suppressed", "no_items"],
      ["dead", "too_many_items"],
    ]);
    expect(seen).toHaveLength(5);
  },
);

const [events, items, maxInFlight] = [30, 8, 16];

test.each(ledgers)(
  "$name: killed between splitting and sending, no item is lost, and only what was in flight comes twice",
  { timeout: 120_000 },
  async ({ fresh }) => {
    using ledger = await fresh();
    const { seen, target } = await startPartner(() => 200);
    const env = { ...ledger.env, POSTRIDER_ALLOW_TARGETS: target };
    // So slow that events are split and wait when the server is killed.
    const partner = { max_in_flight: maxInFlight, rate_per_second: 20, burst: 1 };
    const path = "/v1/partners/admitad";
    const first = await startServer(env);
    await register(first, { id: "admitad", partner, endpoint: endpointAt(target) });
    const given = Array.from({ length: events }, (_, n) => eventFor("admitad", `kill-${n}`, dataOf(items)));
    await first.ok("POST", "/v1/events", { events: given });
    await until("some requests", () => seen.length >= 6, 30_000);
    await first.kill();
    const sent = seen.length;

    await using second = await startServer({ ...env, POSTRIDER_ROLES: "api" });
    const books = await second.ok("GET", "/v1/conservation");
    // Split and not sent, and more than what was delivered by far.
    expect(books.drift).toBe(0);
    expect(books.accepted).toBeGreaterThan(events);
    expect(books.pending).toBeGreaterThan(events);
    const unrecorded = sent - (books.finished.delivered ?? 0);
    await second.ok("PUT", path, { name: "admitad", max_in_flight: maxInFlight });
    await second.kill();

    await using third = await startServer(env);
    const ended = await until(
      "every item to be delivered",
      async () => {
        const now = await third.ok("GET", "/v1/conservation");
        return now.pending === 0 ? now : null;
      },
      60_000,
    );
    const all = events * items;
    expect(ended).toEqual({ accepted: all, pending: 0, finished: { delivered: all }, drift: 0 });
    expect(new Set(seen.map(({ event, n }) => `${event} ${n}`)).size).toBe(all);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(all);
    expect(seen.length - all).toBeLessThanOrEqual(unrecorded);
    expect(unrecorded).toBeLessThanOrEqual(maxInFlight);
  },
);
