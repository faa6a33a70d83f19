import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { parseSecret, verify } from "@postrider/protocol";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { endpointDefaults, type EndpointDocument, partnerDefaults } from "./core/documents.ts";
import { type Engine, openEngine } from "./engine.ts";
import { startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

interface Seen {
  readonly atMs: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Answer = { readonly status: number; readonly headers?: Record<string, string> };

/** A partner on loopback: each path answers by a function of the requests it has seen, and keeps them. */
async function createPartnerServer() {
  const paths = new Map<string, { seen: Seen[]; answer: (n: number) => Answer }>();
  const { target, stop } = await startHttpPartner((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = paths.get(request.url ?? "");
      path?.seen.push({ atMs: Date.now(), headers: request.headers, body: Buffer.concat(chunks).toString() });
      const { status, headers } = path?.answer(path.seen.length) ?? { status: 404 };
      response.writeHead(status, headers).end("seen");
    });
  });
  return { paths, target, stop };
}

function engineTests(open: (allowTargets: readonly string[]) => Promise<Engine>): void {
  let engine: Engine;
  let server: Awaited<ReturnType<typeof createPartnerServer>>;
  beforeAll(async () => {
    server = await createPartnerServer();
    engine = await open([server.target]);
    await engine.start();
  });
  afterAll(async () => {
    await engine.stop(1_000);
    await server.stop();
  });

  const retry = (schedule: readonly string[]) => ({
    ...endpointDefaults.retry,
    schedule,
    jitter: "none" as const,
  });

  /** A partner with one endpoint that answers by `answer`; its secret and what it saw. */
  async function partner(
    id: string,
    answer: (n: number) => Answer,
    document: Partial<EndpointDocument> = {},
  ) {
    const seen: Seen[] = [];
    server.paths.set(`/${id}`, { seen, answer });
    const { signingSecret } = await engine.operations.putPartner(
      id,
      { name: id, ...partnerDefaults },
      Date.now(),
    );
    const url = `http://${server.target}/${id}`;
    await engine.operations.putEndpoint(
      id,
      "main",
      { ...endpointDefaults, body: "envelope", url, ...document },
      Date.now(),
    );
    return { seen, secret: parseSecret(signingSecret!) };
  }

  /** Accepts one event for a partner and rings; resolves to its id. */
  async function send(to: string): Promise<string> {
    const eventId = `${to}-${randomUUID()}`;
    const { partnerNos } = await engine.events.accept(
      [{ event_id: eventId, type: "a.b", partner: to, data_text: '{"n":1}' }],
      Date.now(),
    );
    engine.ring(partnerNos);
    return eventId;
  }
  const delivery = async (eventId: string) => (await engine.operations.getEvent(eventId))!.deliveries[0]!;
  const until = <Result>(fact: () => Promise<Result> | Result) =>
    vi.waitFor(fact, { timeout: 10_000, interval: 10 });

  test("500s walk the schedule: three attempts with one id, fresh timestamps and good signatures, then dead; a replay delivers", async () => {
    let broken = true;
    const { seen, secret } = await partner("failing", () => ({ status: broken ? 500 : 200 }), {
      retry: retry(["100ms", "200ms"]),
    });
    const eventId = await send("failing");
    await until(async () =>
      expect(await delivery(eventId)).toMatchObject({
        state: "dead",
        reason: "retries_exhausted",
        attempts_made: 3,
        last_status: 500,
      }),
    );
    expect(seen).toHaveLength(3);
    expect(seen[1]!.atMs - seen[0]!.atMs).toBeGreaterThanOrEqual(99);
    expect(seen[2]!.atMs - seen[1]!.atMs).toBeGreaterThanOrEqual(199);

    broken = false;
    await engine.operations.createReplay(
      { filter: { event_id: eventId }, ratePerSecond: null, requestedBy: "test" },
      Date.now(),
    );
    engine.sweepNow();
    await until(async () =>
      expect(await delivery(eventId)).toMatchObject({ state: "delivered", attempts_made: 4 }),
    );
    expect(seen).toHaveLength(4);
    expect(new Set(seen.map(({ headers }) => headers["webhook-id"]))).toEqual(
      new Set([(await delivery(eventId)).id]),
    );
    for (const { headers, body, atMs } of seen) {
      await expect(
        verify(body, headers as Record<string, string>, { secrets: [secret], now: new Date(atMs) }),
      ).resolves.toBeDefined();
      expect(Math.abs(Number(headers["webhook-timestamp"]) * 1_000 - atMs)).toBeLessThan(3_000);
    }
  });

  test("a waiting retry that is sent now comes at once, and the schedule goes on where it was", async () => {
    const { seen } = await partner("mended", (n) => ({ status: n < 3 ? 500 : 200 }), {
      retry: retry(["1h", "300ms", "1h"]),
    });
    const eventId = await send("mended");
    await until(async () =>
      expect(await delivery(eventId)).toMatchObject({ state: "pending", attempts_made: 1 }),
    );
    const { result, partnerNos } = await engine.operations.retryNow(
      { event_id: eventId },
      { dryRun: false },
      Date.now(),
    );
    expect(result).toMatchObject({ matched: 1, retried: 1, skipped: [], waiting: [] });
    engine.ring(partnerNos);
    await until(async () =>
      expect(await delivery(eventId)).toMatchObject({ state: "delivered", attempts_made: 3 }),
    );
    expect(seen[2]!.atMs - seen[1]!.atMs).toBeGreaterThanOrEqual(299);
  });

  test("a test postback carries the partner's credentials, and does not show them", async () => {
    const path = "/shown?cid=1&token=s3cret";
    const { seen } = await partner("shown", () => ({ status: 200 }), {
      url: `http://${server.target}${path}`,
      headers: { authorization: "Bearer s3cret", "x-campaign": "7" },
    });
    server.paths.set(path, { seen, answer: () => ({ status: 200 }) });
    const exchange = await engine.testPostback("shown", "main");
    expect(JSON.stringify(exchange)).not.toContain("s3cret");
    expect(exchange).toMatchObject({
      verdict: "accepted",
      request: { headers: { authorization: "•••", "x-campaign": "7", "webhook-test": "1" } },
    });
    expect(exchange!.request.url).toMatch(/\/shown\?cid=1&token=•••$/);
    expect(seen[0]!.headers["authorization"]).toBe("Bearer s3cret");
  });

  test("429 with Retry-After holds the endpoint: nothing comes earlier, then all of it", async () => {
    const { seen } = await partner(
      "busy",
      (n) => (n === 1 ? { status: 429, headers: { "retry-after": "1" } } : { status: 200 }),
      { retry: retry(["10ms"]) },
    );
    const first = await send("busy");
    await until(async () => expect(await delivery(first)).toMatchObject({ attempts_made: 1 }));
    const others = [await send("busy"), await send("busy")];
    for (const eventId of [first, ...others])
      await until(async () => expect(await delivery(eventId)).toMatchObject({ state: "delivered" }));
    expect(seen).toHaveLength(4);
    for (const { atMs } of seen.slice(1)) expect(atMs - seen[0]!.atMs).toBeGreaterThanOrEqual(999);
  });

  test("410 pauses the endpoint with its backlog, until somebody resumes it", async () => {
    const { seen } = await partner("gone", (n) => ({ status: n === 1 ? 410 : 200 }));
    const first = await send("gone");
    await until(async () =>
      expect(await engine.operations.getEndpoint("gone", "main", Date.now())).toMatchObject({
        state: "paused",
      }),
    );
    const second = await send("gone");
    await until(async () => expect(await delivery(first)).toMatchObject({ attempts_made: 1 }));
    expect(await delivery(second)).toMatchObject({ state: "pending", attempts_made: 0 });
    expect(seen).toHaveLength(1);
    await engine.operations.resumeEndpoint("gone", "main", Date.now());
    engine.sweepNow();
    for (const eventId of [first, second])
      await until(async () => expect(await delivery(eventId)).toMatchObject({ state: "delivered" }));
    expect(seen).toHaveLength(3);
  });

  test("a limited partner with a backlog gets no more than its limit in any window, and at least 95 % of it", async () => {
    const { seen } = await partner("limited", () => ({ status: 200 }));
    await engine.operations.putPartner(
      "limited",
      { name: "limited", ...partnerDefaults, rate_per_second: 20, burst: 5 },
      Date.now(),
    );
    const events = Array.from({ length: 60 }, (_, n) => ({
      event_id: `limited-${n}`,
      type: "a.b",
      partner: "limited",
    }));
    const { partnerNos } = await engine.events.accept(events, Date.now());
    engine.ring(partnerNos);
    await until(() => expect(seen).toHaveLength(60));
    await until(() => expect(engine.progress()).toMatchObject({ inFlight: 0, unrecorded: 0 }));
    // As they were sent, to the millisecond: on a busy machine they reach the partner in clumps.
    const sent: (string | undefined)[] = [];
    for (const { event_id } of events) sent.push((await delivery(event_id)).attempts?.[0]?.at);
    const times = sent.map((at) => Date.parse(at!)).sort((a, b) => a - b);
    for (let last = 0; last < times.length; last++) {
      for (let first = 0; first <= last; first++) {
        // A request takes its permit within a millisecond or two of the start of its attempt.
        expect(last - first + 1).toBeLessThanOrEqual(5 + (times[last]! - times[first]! + 2) / 50);
      }
    }
    expect(times.at(-1)! - times[0]!).toBeLessThan((55 * 50) / 0.95);
  });

  test("everything accepted is accounted for", async () => {
    // The partner of the test before had its last request a moment before the answer is recorded.
    await expect
      .poll(() => engine.progress(), { timeout: 10_000 })
      .toMatchObject({ dispatching: true, inFlight: 0, unrecorded: 0 });
    expect(await engine.operations.conservation()).toMatchObject({ drift: 0, pending: 0 });
  });
}

const masterKeys = [new Uint8Array(32).fill(7)];

describe("the engine, embedded", () => {
  engineTests((allowTargets) => openEngine({ dataDir: "memory://", masterKeys, allowTargets }));
});

const postgresUrl = inject("postgresUrl");
// Where there is none, the global set-up has printed why.
describe.skipIf(postgresUrl === null)("the engine, on PostgreSQL", () => {
  engineTests(async (allowTargets) => {
    const databaseUrl = await createDatabase(postgresUrl!, `engine_${randomUUID().replaceAll("-", "")}`);
    return openEngine({ databaseUrl, dataDir: "", masterKeys, allowTargets });
  });
});

const redisUrl = inject("redisUrl");
describe.skipIf(postgresUrl === null || redisUrl === null)(
  "the engine, on PostgreSQL with turns over Redis",
  () => {
    engineTests(async (allowTargets) => {
      const databaseUrl = await createDatabase(postgresUrl!, `engine_${randomUUID().replaceAll("-", "")}`);
      const redisPrefix = `{${randomUUID()}}`;
      return openEngine({
        databaseUrl,
        redisUrl: redisUrl!,
        redisPrefix,
        dataDir: "",
        masterKeys,
        allowTargets,
      });
    });
  },
);
