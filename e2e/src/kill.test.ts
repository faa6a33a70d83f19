/** `kill -9` in the middle of 20,000 events: nothing is lost, and what comes twice was in flight or unflushed. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createSender } from "@postrider/sender";
import { expect, test } from "vitest";
import { type CountingSink, startCountingSink } from "./counting-sink.ts";
import { ledgers } from "./ledgers.ts";
import { register } from "./partners.ts";
import { apiKey, type ServerProcess, startServer } from "./server-process.ts";
import { until } from "./until.ts";

const events = 20_000;
const maxInFlight = 64;
/** The recorder stores at most this many outcomes in one statement while the next ones gather. */
const recordBatch = 1_000;

/** A port that stays the same over restarts, so that senders find the server again. */
async function freePort(): Promise<string> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return String(port);
}

/** Sends all events as an application would: by the SDK, which tries again with the same ids while the server is away. */
function sendAll(url: string): Promise<number> {
  const sender = createSender({ url, apiKey, retries: 200, timeoutMs: 90_000 });
  const all = Array.from({ length: events }, (_, n) => ({
    event_id: `kill-${n}`,
    type: "conversion.approved",
    occurred_at: "2026-01-31T10:00:00Z",
    partner: "sink",
    data: { click_id: `c-${n}`, payout: "1.20" },
  }));
  return sender
    .sendBatch(all)
    .then(
      (results) => results.filter(({ status }) => status === "accepted" || status === "duplicate").length,
    );
}

/** Waits for `count` requests, kills the server, and says how many answers never reached the ledger. */
async function killAt(
  count: number,
  server: ServerProcess,
  sink: CountingSink,
  env: Readonly<Record<string, string>>,
): Promise<{ unrecorded: number; pending: number }> {
  await until(`${count} requests`, () => sink.arrivals.length >= count, 60_000);
  await server.kill();
  // This one only reads and accepts, so the ledger still says what it said when the server died.
  await using reader = await startServer({ ...env, POSTRIDER_ROLES: "api" });
  const { finished, pending, drift } = await reader.ok("GET", "/v1/conservation");
  expect(drift).toBe(0);
  return { unrecorded: sink.ids.size - (finished.delivered ?? 0), pending };
}

test.each(ledgers)(
  "$name: none lost, duplicates explained",
  { timeout: 120_000 },
  async ({ name, fresh }) => {
    using ledger = await fresh();
    await using sink = await startCountingSink();
    const env = { ...ledger.env, POSTRIDER_ALLOW_TARGETS: sink.target, POSTRIDER_PORT: await freePort() };
    const endpoint = { url: `http://${sink.target}/`, retry: { schedule: ["100ms", "1s", "5s"] } };

    const first = await startServer(env);
    await register(first, { id: "sink", partner: { max_in_flight: maxInFlight }, endpoint });
    const sending = sendAll(first.url);
    const { unrecorded, pending } = await killAt(events * 0.4, first, sink, env);
    await using second = await startServer(env);
    expect(await sending).toBe(events);
    const books = await until(
      "every delivery to end",
      async () => {
        const now = await second.ok("GET", "/v1/conservation");
        return now.accepted === events && now.pending === 0 ? now : null;
      },
      60_000,
    );

    const duplicates = sink.arrivals.length - sink.ids.size;
    process.stdout.write(
      `${name}: killed with ${pending} pending, ${unrecorded} requests in flight or unflushed; ` +
        `${events - sink.eventIds.size} lost, ${duplicates} duplicates, drift ${books.drift}\n`,
    );
    expect(pending).toBeGreaterThan(0);
    expect(books).toEqual({ accepted: events, pending: 0, finished: { delivered: events }, drift: 0 });
    expect(sink.eventIds.size).toBe(events);
    expect(sink.ids.size).toBe(events);
    expect(duplicates).toBeLessThanOrEqual(unrecorded);
    expect(unrecorded).toBeLessThanOrEqual(maxInFlight + 2 * recordBatch);
  },
);
