import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { systemClock } from "../ports/clock.ts";
import {
  head,
  httpPartner,
  listen,
  okAnswer,
  rawPartner,
  requestTo,
  send,
  timedOut,
  transportTo,
} from "./fixtures/partner.ts";

describe("a partner that fails", () => {
  it("by refusing the connection", async () => {
    const server = createServer();
    const port = await listen(server);
    await server[Symbol.asyncDispose]();
    const exchange = await send(port);
    expect(exchange).toMatchObject({
      status: null,
      failure: {
        class: "connect",
        message: `the connection was refused by 127.0.0.1:${port} (ECONNREFUSED).`,
      },
    });
  });

  it.each(["resetAndDestroy", "end"] as const)("by closing before headers (%s)", async (how) => {
    let requests = 0;
    const port = await rawPartner((socket) => {
      requests += 1;
      socket[how]();
    });
    const exchange = await send(port);
    expect(exchange).toMatchObject({
      status: null,
      failure: { class: "reset", message: expect.stringContaining("before a response arrived") },
    });
    // A new connection was not a stale one: once is what the partner sees.
    expect(requests).toBe(1);
  });

  it.each([
    ["content-length: 100\r\n\r\npart", "resetAndDestroy"],
    ["content-length: 100\r\n\r\npart", "end"],
    ["content-length: 100\r\nconnection: close\r\n\r\npart", "end"],
    ["transfer-encoding: chunked\r\n\r\n4\r\npart\r\n", "end"],
    ["transfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\npart\r\n", "end"],
  ] as const)("in the middle of the body, keeping the status (%j, %s)", async (rest, how) => {
    const port = await rawPartner((socket) =>
      socket.write(head(rest), () => setTimeout(() => socket[how](), 20)),
    );
    const exchange = await send(port);
    expect(exchange).toMatchObject({
      status: 200,
      failure: { class: "reset", message: expect.stringContaining("middle of the response body") },
    });
    expect(exchange.responseBody).toBe("part");
  });

  it.each([
    ["garbage", "SSH-2.0-OpenSSH_9.9\r\n\r\n"],
    ["a banner, after which it waits", "220 mail.example ESMTP\r\n"],
    ["a byte of something else", "\u0015"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["an unasked upgrade", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"],
    ["interim answers without end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(11_000)],
    ["an interim answer without end", `HTTP/1.1 100 Continue\r\nx: ${"y".repeat(300_000)}`],
  ])("by not speaking HTTP: %s", async (_name, answer) => {
    const port = await rawPartner((socket) => socket.write(answer));
    expect(await send(port)).toMatchObject({ status: null, failure: { class: "protocol" } });
  });

  it("after an interim response, which is not a status", async () => {
    const port = await rawPartner((socket) => socket.end("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"));
    expect(await send(port)).toMatchObject({ status: null, failure: { class: "reset" } });
  });

  it("by having no address", async () => {
    const missing = Object.assign(new Error("getaddrinfo ENOTFOUND partner.test"), { code: "ENOTFOUND" });
    const more = { url: "http://partner.test:4500/" };
    const failing = await send(4500, more, { lookup: () => Promise.reject(missing) });
    expect(failing).toMatchObject({
      status: null,
      failure: { class: "dns", message: "partner.test does not exist (ENOTFOUND)." },
    });
    const empty = await send(4500, more, { lookup: () => Promise.resolve([]) });
    expect(empty).toMatchObject({
      status: null,
      failure: { class: "dns", message: "partner.test has no address (ENODATA)." },
    });
  });
});

describe("the deadline", () => {
  it("ends a look-up that hangs", async () => {
    const exchange = await send(
      4500,
      { url: "http://partner.test:4500/", timeoutMs: 100 },
      { lookup: () => new Promise(() => {}) },
    );
    expect(exchange).toMatchObject({
      failure: { class: "dns", message: "the name servers did not answer for partner.test in time." },
      durationMs: timedOut("connect", 100).durationMs,
    });
  });

  it("ends slow headers", async () => {
    const port = await rawPartner((socket) => socket.write("HTTP/1.1 200 OK\r\nx: "));
    const exchange = await send(port, { timeoutMs: 100 });
    expect(exchange).toMatchObject(timedOut("headers", 100));
    expect(exchange.status).toBeNull();
  });

  it("ends a dribbling body, keeping the status and what came", async () => {
    const port = await httpPartner((_request, response) => {
      const dribble = setInterval(() => response.write("."), 10);
      response.on("close", () => clearInterval(dribble));
    });
    const exchange = await send(port, { timeoutMs: 200 });
    expect(exchange).toMatchObject(timedOut("body", 200));
    expect(exchange.status).toBe(200);
    expect(exchange.responseBody).toMatch(/^\.+$/);
    expect(exchange.truncated).toBe(false);
  });

  it("ends the wait for a free connection, and the request is never sent", async () => {
    const seen: string[] = [];
    const port = await rawPartner((socket, bytes) => {
      seen.push(bytes.split(" ")[1]!);
      if (seen.length > 1) socket.write(okAnswer);
    });
    const transport = transportTo(port, { maxConnectionsPerOrigin: 1 });
    const url = (path: string) => ({ url: `http://127.0.0.1:${port}${path}` });
    const first = transport.send(requestTo(port, { ...url("/first"), timeoutMs: 300 }));
    const waiting = await transport.send(requestTo(port, { ...url("/waiting"), timeoutMs: 100 }));
    expect(waiting).toMatchObject({
      status: null,
      failure: {
        class: "local",
        message: "every connection to this host that may be open was in use.",
      },
    });
    expect(await first).toMatchObject(timedOut("headers", 300));
    expect(await transport.send(requestTo(port, url("/third")))).toMatchObject({ status: 200 });
    expect(seen).toEqual(["/first", "/third"]);
  });

  it("does not count the wait for a free connection", async () => {
    const port = await httpPartner(async (request, response) => {
      await systemClock.sleep(request.url === "/first" ? 300 : 200);
      response.end("ok");
    });
    const transport = transportTo(port, { maxConnectionsPerOrigin: 1 });
    const url = (path: string) => ({ url: `http://127.0.0.1:${port}${path}` });
    const first = transport.send(requestTo(port, url("/first")));
    // 300 ms until the connection is free and 200 ms for the answer: more than its deadline, of which it used half.
    const second = await transport.send(requestTo(port, { ...url("/second"), timeoutMs: 400 }));
    expect(second).toMatchObject({ status: 200, failure: null });
    expect(second.durationMs).toBeLessThan(300);
    expect(await first).toMatchObject({ status: 200 });
  });

  it("closes the socket of what it ended", async () => {
    const closed = Promise.withResolvers<void>();
    const port = await rawPartner((socket) => socket.on("close", () => closed.resolve()));
    expect(await send(port, { timeoutMs: 50 })).toMatchObject(timedOut("headers", 50));
    await closed.promise;
  });

  it.each([-86_400_000, 86_400_000])("is not moved by a clock that is set by %i ms", async (stepMs) => {
    let dayMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + dayMs };
    const port = await httpPartner(async (_request, response) => {
      dayMs = stepMs;
      await systemClock.sleep(100);
      response.end("ok");
    });
    const exchange = await send(port, { timeoutMs: 2_000 }, { clock });
    expect(exchange).toMatchObject({ status: 200, failure: null });
    expect(exchange.durationMs).toSatisfy((ms: number) => ms >= 95 && ms < 2_000);
  });

  it("holds for each of many at once, without a timer each", async () => {
    const port = await rawPartner(() => {});
    const transport = transportTo(port);
    // Long enough that all are connected on a busy machine before the first one is over.
    const timeouts = Array.from({ length: 60 }, (_, index) => 400 + index * 5);
    const exchanges = await Promise.all(
      timeouts.map((timeoutMs) => transport.send(requestTo(port, { timeoutMs }))),
    );
    exchanges.forEach((exchange, index) =>
      expect(exchange).toMatchObject(timedOut("headers", timeouts[index]!)),
    );
  });
});
