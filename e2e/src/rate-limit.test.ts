/** A partner's rate holds over every window, and is used. */
import { expect, test } from "vitest";
import { startCountingSink } from "./counting-sink.ts";
import { ledgers } from "./ledgers.ts";
import { eventFor, register } from "./partners.ts";
import { startServer } from "./server-process.ts";
import { until } from "./until.ts";

const rate = 20;
const burst = 10;
const waiting = 200;
/**
 * How much closer two requests may arrive than they were sent: on two busy cores the sink was seen to wait 126 ms for
 * its turn. The times of sending, which the limit decides, are held to the millisecond.
 */
const arrivalJitterMs = 250;

/** How far the fullest window is over `burst` plus the rate's share of its length, in requests; 0 or less is right. */
function worstExcess(timesMs: readonly number[], jitterMs: number): number {
  const excess = timesMs.flatMap((from, first) =>
    timesMs.slice(first).map((to, more) => more + 1 - (burst + (rate * (to - from + jitterMs)) / 1_000)),
  );
  return Math.max(...excess);
}

// Side by side, because they mostly wait.
test.concurrent.each(ledgers)(
  "$name: 20 a second with 200 waiting",
  { timeout: 60_000 },
  async ({ fresh }) => {
    using ledger = await fresh();
    await using sink = await startCountingSink();
    await using server = await startServer({ ...ledger.env, POSTRIDER_ALLOW_TARGETS: sink.target });
    const partner = { rate_per_second: rate, burst };
    await register(server, { id: "slow", partner, endpoint: { url: `http://${sink.target}/` } });
    await server.ok("POST", "/v1/partners/slow/pause");
    const events = Array.from({ length: waiting }, (_, n) => eventFor("slow", `rate-${n}`));
    await server.ok("POST", "/v1/events", { events });
    expect((await server.ok("GET", "/v1/conservation")).pending).toBe(waiting);
    expect(sink.arrivals).toHaveLength(0);
    await server.ok("POST", "/v1/partners/slow/resume");
    await until("all to arrive", () => sink.ids.size === waiting, 30_000);

    await until("all to be recorded", async () => (await server.ok("GET", "/v1/conservation")).pending === 0);
    const { deliveries } = await server.ok("GET", "/v1/deliveries?limit=500");
    const attempts: { at: string }[][] = [];
    for (const { id } of deliveries) attempts.push((await server.ok("GET", `/v1/deliveries/${id}`)).attempts);
    const sentMs = attempts
      .flat()
      .map(({ at }) => Date.parse(at))
      .sort((a, b) => a - b);
    expect(sentMs).toHaveLength(waiting);
    // Times in the ledger are whole milliseconds.
    expect(worstExcess(sentMs, 1)).toBeLessThanOrEqual(0);
    expect(worstExcess(sink.arrivals, arrivalJitterMs)).toBeLessThanOrEqual(0);
    // The control: the measure is tight, so one request more in a window would have been seen.
    expect(worstExcess(sentMs, 1)).toBeGreaterThan(-1.5);

    const seconds = ((sentMs.at(-1) ?? 0) - (sentMs[0] ?? 0)) / 1_000;
    const used = (waiting - burst) / seconds / rate;
    process.stdout.write(
      `rate limit: ${waiting} in ${seconds.toFixed(2)} s, ${(used * 100).toFixed(1)} % of the rate used\n`,
    );
    expect(used).toBeGreaterThanOrEqual(0.95);
  },
);
