/** One large request must not cost a process its turns: another would send again what is in flight. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { postgresLedger } from "./ledgers.ts";
import { eventFor, register } from "./partners.ts";
import { startServer } from "./server-process.ts";
import { until } from "./until.ts";

const deliveries = 96;

/** A partner that takes a second for each answer, so that all requests are in flight at once. */
async function startSlowPartner() {
  const ids: string[] = [];
  const server = createServer((request, response) => {
    ids.push(String(request.headers["webhook-id"]));
    request.resume();
    setTimeout(() => response.end("ok"), 1_000);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ids,
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

test.skipIf(postgresLedger === undefined)(
  "two processes: 1,000 events of 300 unknown keys to one of them, 0 duplicates, and it goes on answering",
  { timeout: 120_000 },
  async () => {
    using ledger = await postgresLedger!.fresh();
    await using partner = await startSlowPartner();
    const env = { ...ledger.env, POSTRIDER_ALLOW_TARGETS: partner.target };
    await using first = await startServer(env);
    await using second = await startServer(env);
    await register(first, {
      id: "slow",
      partner: { max_in_flight: 16 },
      endpoint: { url: `http://${partner.target}/`, timeout: "30s" },
    });
    const events = Array.from({ length: deliveries }, (_, index) => eventFor("slow", `slow-${index}`));
    await first.ok("POST", "/v1/events", { events });
    await until("requests in flight", () => partner.ids.length >= 2);

    const unknown = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field_${index}`, 1]));
    const large = {
      events: Array.from({ length: 1_000 }, (_, index) => ({
        ...eventFor("slow", `x-${index}`),
        ...unknown,
      })),
    };
    let answered = false;
    const asking = Promise.all(Array.from({ length: 4 }, () => first.call("POST", "/v1/events", large)));
    const done = asking.finally(() => (answered = true));
    const healthMs: number[] = [];
    do {
      const startedAt = performance.now();
      await first.ok("GET", "/healthz");
      healthMs.push(performance.now() - startedAt);
    } while (!answered);
    const answers = await done;
    expect(answers.map(({ status, json }) => [status, json.results.length])).toEqual(
      Array.from({ length: 4 }, () => [400, 1_000]),
    );

    await until(
      "all to be delivered",
      async () => {
        const { finished } = await second.ok("GET", "/v1/conservation");
        return finished.delivered === deliveries;
      },
      60_000,
    );
    healthMs.sort((a, b) => a - b);
    process.stdout.write(
      `${healthMs.length} health checks during four large requests: median ${healthMs[healthMs.length >> 1]?.toFixed(1)} ms, longest ${healthMs.at(-1)?.toFixed(1)} ms\n`,
    );
    expect(new Set(partner.ids).size).toBe(deliveries);
    expect(partner.ids).toHaveLength(deliveries);
    // Of the moments that the machine left quiet: the longest of them is somebody else's.
    expect(healthMs[healthMs.length >> 1]).toBeLessThan(50);
  },
);
