/** The edge towards callers who are broken, slow, hostile or gone. */
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { type Bench, serverOverFake, testKey } from "../testing/server-over-fake.testsuite.ts";

const event = { event_id: "conv-1", type: "conversion.approved", data: { payout: 1 } };

/** A connection that sends a head and as much of a body as it likes. */
async function open(
  { server }: Bench,
  lines: readonly string[],
  body = "",
): Promise<Socket & { received: () => string }> {
  const socket = connect(server.port, "127.0.0.1");
  let received = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`${[...lines, `authorization: Bearer ${testKey}`].join("\r\n")}\r\n\r\n${body}`);
  return Object.assign(socket, { received: () => received });
}

const post = (length: number) => ["POST /v1/events HTTP/1.1", "host: localhost", `content-length: ${length}`];

describe("a caller that goes away", () => {
  test("before its body is whole is no fault: no error line, no 5xx, a line at debug", async () => {
    const bench = await serverOverFake({ POSTRIDER_LOG_LEVEL: "debug" });
    const counted = async () => (await bench.call("GET", "/metrics")).text;
    for (const end of ["destroy", "resetAndDestroy", "end"] as const) {
      const socket = await open(bench, post(4_000_000), '{"event_id":');
      socket[end]();
    }
    const chunked = await open(
      bench,
      ["POST /v1/events HTTP/1.1", "host: localhost", "transfer-encoding: chunked"],
      "5\r\nhello",
    );
    chunked.destroy();
    const count =
      /postrider_http_request_duration_seconds_count\{method="POST",path="\/v1\/events",status="499"\} (\d+)/;
    await vi.waitFor(async () => expect(count.exec(await counted())?.[1]).toBe("4"), 5_000);
    expect(await counted()).not.toMatch(/status="5\d\d"/);
    const levels = bench.lines.map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).not.toContain("error");
    expect(bench.lines.join("")).toContain("the caller went away");
  });

  test("while it is being answered is none either", async () => {
    const bench = await serverOverFake({ POSTRIDER_LOG_LEVEL: "debug" });
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    bench.engine.acceptWith = async (events) => {
      asked.resolve();
      await answered.promise;
      return events.map(({ event_id }) => ({ event_id, status: "accepted", deliveries: 1 }));
    };
    const body = JSON.stringify(event);
    const socket = await open(bench, post(body.length), body);
    await asked.promise;
    socket.resetAndDestroy();
    await new Promise((resolve) => socket.once("close", resolve));
    answered.resolve();
    await vi.waitFor(async () =>
      expect((await bench.call("GET", "/metrics")).text).toMatch(/path="\/v1\/events",status="202"\} 1/),
    );
    expect(bench.lines.join("")).not.toMatch(/"level":"(error|warn)"/);
  });
});

describe("bodies over all connections", () => {
  const env = { POSTRIDER_MAX_BODIES_BYTES: "5242880" };
  const megabyte = "x".repeat(1_000_000);

  test("have one memory: more are refused with Retry-After, and it is free again when connections end", async () => {
    const bench = await serverOverFake(env);
    const open1 = async () => open(bench, post(1_500_000), `"${megabyte}`);
    const held = await Promise.all(Array.from({ length: 5 }, open1));
    const refused = await vi.waitFor(async () => {
      const socket = await open1();
      await vi.waitFor(() => expect(socket.received()).toContain("HTTP/1.1 429"), 500);
      return socket.received().toLowerCase();
    }, 10_000);
    expect(refused).toMatch(/\r\nretry-after: [1-9]/);
    expect(refused).toContain('"code":"rate_limited"');
    // A small call has room still, and calls without a body need none.
    expect((await bench.call("POST", "/v1/events", event)).status).toBe(202);
    for (const socket of held) socket.destroy();
    const list = JSON.stringify({
      events: [{ ...event, data: { pad: megabyte.slice(0, 200_000) } }],
      pad: megabyte.repeat(3),
    });
    await vi.waitFor(
      async () => expect((await bench.call("POST", "/v1/events", list)).status).toBe(400),
      5_000,
    );
  });

  test("that are announced and not sent take nothing", async () => {
    const bench = await serverOverFake(env);
    await Promise.all(Array.from({ length: 50 }, () => open(bench, post(5_000_000), "{")));
    expect((await bench.call("POST", "/v1/events", event)).status).toBe(202);
  });

  test("give their memory back after each call, however it ends", async () => {
    const { call } = await serverOverFake(env);
    const half = "x".repeat(2_600_000);
    for (let index = 0; index < 6; index += 1) {
      expect((await call("POST", "/v1/events", { ...event, data: { half } })).status).toBe(400);
      expect((await call("POST", "/v1/events", `${half}{`)).status).toBe(400);
      expect((await call("PUT", "/v1/partners/acme", { name: half })).status).toBe(413);
      expect((await call("PUT", "/v1/partners/acme", { name: "a", x: half.slice(0, 200_000) })).status).toBe(
        400,
      );
    }
    expect((await call("POST", "/v1/events", event)).status).toBe(202);
  });

  test("64 connections with a thousand events each are ordinary", async () => {
    const { call } = await serverOverFake();
    const statuses = await Promise.all(
      Array.from({ length: 64 }, async (_, connection) => {
        const events = Array.from({ length: 1_000 }, (_, index) => ({
          ...event,
          event_id: `c${connection}-${index}`,
        }));
        return (await call("POST", "/v1/events", { events })).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
  });
});

describe("a coded body", () => {
  test.each(["gzip", "GZIP", "br", "zstd", "deflate", "gzip, br", "nonsense"])(
    "%s is a 415 that names it",
    async (coding) => {
      const { call, engine } = await serverOverFake();
      for (const [method, path] of [
        ["POST", "/v1/events"],
        ["PUT", "/v1/partners/acme"],
      ] as const) {
        const { status, json } = await call(method, path, gzipSync(JSON.stringify(event)), {
          "content-encoding": coding,
        });
        expect([status, json.error.code]).toEqual([415, "unsupported_media_type"]);
        expect(json.error.message).toContain(coding);
      }
      expect(engine.acceptCalls).toEqual([]);
    },
  );

  test.each(["identity", "Identity", ""])("%j is none", async (coding) => {
    const { call } = await serverOverFake();
    expect((await call("POST", "/v1/events", event, { "content-encoding": coding })).status).toBe(202);
  });
});

describe("the Host header", () => {
  /** The status of a raw call by a name. */
  async function statusBy(bench: Bench, host: string | null, path = "/v1/partners"): Promise<number> {
    const head = [`GET ${path} HTTP/1.${host === null ? "0" : "1"}`, "connection: close"];
    const socket = await open(bench, host === null ? head : [...head, `host: ${host}`]);
    await new Promise((resolve) => socket.once("close", resolve));
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(socket.received())?.[1]);
  }

  test.each(["/v1/partners", "/metrics", "/healthz", "/readyz", "/openapi.json", "/nothing"])(
    "of another name is refused on loopback: %s",
    async (path) => {
      const bench = await serverOverFake();
      const known = path === "/nothing" ? 404 : 200;
      for (const host of [
        "evil.example",
        "evil.example:4400",
        "127.0.0.1.evil.example",
        "localhost.evil.example:1",
        "[::2]",
        "10.0.0.1",
        "0.0.0.0",
      ])
        expect([host, await statusBy(bench, host, path)]).toEqual([host, 421]);
      for (const host of [
        "localhost",
        `LocalHost:${bench.server.port}`,
        "127.0.0.1:1",
        "127.8.9.1",
        "[::1]",
        "[::1]:4400",
        "my.localhost",
        null,
      ])
        expect([host, await statusBy(bench, host, path)]).toEqual([host, known]);
      // The good name that was just seen is no pass for the next.
      expect(await statusBy(bench, "evil.example", path)).toBe(421);
    },
  );

  test("may be one that the setting names; the refusal says so", async () => {
    const bench = await serverOverFake({ POSTRIDER_ALLOWED_HOSTS: "Postrider.internal, other.test" });
    expect(await statusBy(bench, "postrider.internal:8080")).toBe(200);
    expect(await statusBy(bench, "OTHER.test")).toBe(200);
    expect(await statusBy(bench, "third.test")).toBe(421);
    const socket = await open(bench, ["GET /v1/partners HTTP/1.1", "host: third.test", "connection: close"]);
    await new Promise((resolve) => socket.once("close", resolve));
    expect(socket.received()).toMatch(/"code":"unknown_host".*third\.test.*POSTRIDER_ALLOWED_HOSTS/);
  });

  test("is not looked at where the server listens for others", async () => {
    const bench = await serverOverFake({ POSTRIDER_HOST: "0.0.0.0" });
    expect(await statusBy(bench, "api.example")).toBe(200);
  });
});

describe("every answer", () => {
  test.each([
    ["GET", "/v1/partners", undefined],
    ["PUT", "/v1/partners/acme", { name: "Acme" }],
    ["DELETE", "/v1/partners/acme", undefined],
    ["POST", "/v1/events", {}],
    ["GET", "/v1/nothing", undefined],
    ["PATCH", "/v1/partners/acme", undefined],
    ["GET", "/metrics", undefined],
    ["GET", "/openapi.json", undefined],
  ])("%s %s is no page and stays in no cache", async (method, path, body) => {
    const { call } = await serverOverFake();
    await call("PUT", "/v1/partners/acme", { name: "Acme" });
    const { headers } = await call(method, path, body);
    expect([headers.get("x-content-type-options"), headers.get("cache-control")]).toEqual([
      "nosniff",
      "no-store",
    ]);
  });
});

describe("unknown keys", () => {
  const wrong = { authorization: "Bearer wrong-key-0123456789" };

  test("are throttled and logged once, without the key; a known key is answered as ever", async () => {
    const { call, lines } = await serverOverFake();
    const statuses: number[] = [];
    for (let index = 0; index < 50; index += 1)
      statuses.push((await call("GET", "/v1/partners", undefined, wrong)).status);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses.slice(20)).toEqual(Array(30).fill(429));
    const { headers, json } = await call("GET", "/v1/nothing", undefined, wrong);
    expect(json.error.code).toBe("rate_limited");
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(30);
    expect((await call("GET", "/v1/partners")).status).toBe(200);
    const told = lines.filter((line) => line.includes("unknown API key"));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? "")).toMatchObject({ level: "warn", address: "127.0.0.1" });
    expect(lines.join("")).not.toContain("wrong-key");
  });

  test("no key at all is told apart, and not counted", async () => {
    const { call, lines } = await serverOverFake();
    for (let index = 0; index < 30; index += 1)
      expect((await call("GET", "/v1/partners", undefined, { authorization: null })).status).toBe(401);
    expect(lines.filter((line) => line.includes("unknown API key"))).toEqual([]);
  });
});
