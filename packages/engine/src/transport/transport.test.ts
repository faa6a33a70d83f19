import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parseAllowedTargets } from "../core/target.ts";
import {
  head,
  httpPartner,
  listen,
  okAnswer,
  oneConnection,
  rawPartner,
  requestTo,
  send,
  transportTo,
} from "./fixtures/partner.ts";

describe("a partner that answers", () => {
  it("gets the request as given, and its answer comes back", async () => {
    const port = await httpPartner(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const seen = {
        method: request.method,
        url: request.url,
        raw: request.rawHeaders,
        body: Buffer.concat(chunks).toString("hex"),
      };
      response
        .writeHead(429, { "retry-after": "7", location: "https://elsewhere.example/" })
        .end(JSON.stringify(seen));
    });
    const body = new Uint8Array([0xff, 0x00, 0x41]);
    const headers = [
      ["b-second", "2"],
      ["a-first", "1"],
    ] as const;
    const exchange = await send(port, {
      method: "PUT",
      url: `http://127.0.0.1:${port}/p%20b?x=%2B&y=a+b`,
      headers,
      body,
    });
    expect(exchange).toMatchObject({
      status: 429,
      failure: null,
      truncated: false,
      retryAfter: "7",
      location: "https://elsewhere.example/",
    });
    const seen = JSON.parse(exchange.responseBody);
    expect(seen).toMatchObject({ method: "PUT", url: "/p%20b?x=%2B&y=a+b", body: "ff0041" });
    const names = ["host", "connection", "b-second", "a-first", "content-length"];
    const values = [`127.0.0.1:${port}`, "keep-alive", "2", "1", "3"];
    expect(seen.raw).toEqual(names.flatMap((name, index) => [name, values[index]]));
  });

  it("sends a GET without a body or content-length", async () => {
    const port = await httpPartner((request, response) => response.end(JSON.stringify(request.headers)));
    const exchange = await send(port, { method: "GET", headers: [], body: null });
    expect(JSON.parse(exchange.responseBody)).toEqual({
      host: `127.0.0.1:${port}`,
      connection: "keep-alive",
    });
  });

  it.each([
    ["DELETE", null, undefined],
    ["DELETE", '{"a":1}', "7"],
    ["PATCH", '{"a":1}', "7"],
  ] as const)("sends a %s with the body %j", async (method, body, length) => {
    const port = await httpPartner((request, response) => {
      response.end(JSON.stringify([request.method, request.headers["content-length"]]));
    });
    const exchange = await send(port, { method, headers: [], body });
    expect(exchange.responseBody).toBe(JSON.stringify([method, length]));
  });

  it("is not followed when it redirects", async () => {
    const paths: (string | undefined)[] = [];
    const port = await httpPartner((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { location: "/other" }).end();
    });
    expect(await send(port)).toMatchObject({
      status: 302,
      failure: null,
      location: "/other",
      responseBody: "",
    });
    expect(paths).toEqual(["/pb"]);
  });

  it("may send NUL and invalid UTF-8: the text can be stored", async () => {
    const answers = [Buffer.from("a\0b"), Buffer.from([0x61, 0xff, 0x62])];
    const port = await httpPartner((request, response) =>
      response.writeHead(200).end(answers[Number(request.url!.slice(1))]!),
    );
    const bodies = await Promise.all(
      answers.map(
        async (_, index) => (await send(port, { url: `http://127.0.0.1:${port}/${index}` })).responseBody,
      ),
    );
    expect(bodies).toEqual(["a\uFFFDb", "a\uFFFDb"]);
  });

  it("may send another charset and a coding that was not asked for", async () => {
    const words = Buffer.from([0xca, 0xeb, 0xe8, 0xea]);
    const port = await rawPartner((socket) => {
      const type = "content-type: text/plain; charset=windows-1251\r\ncontent-encoding: gzip\r\n";
      const body = gzipSync(words);
      socket.write(Buffer.concat([Buffer.from(head(`${type}content-length: ${body.length}\r\n\r\n`)), body]));
    });
    expect(await send(port)).toMatchObject({ responseBody: "Клик" });
  });

  it("may send interim responses first", async () => {
    const port = await rawPartner((socket) =>
      socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${okAnswer}`),
    );
    expect(await send(port)).toMatchObject({ status: 200, failure: null, responseBody: "ok" });
  });
});

describe("a body past the cap", () => {
  it("ends the exchange at once as complete, and the socket with it", async () => {
    const closed = Promise.withResolvers<number>();
    const port = await httpPartner((_request, response) => {
      let written = 0;
      const pump = () => {
        while (response.write("x".repeat(16_384))) written += 16_384;
      };
      response.on("drain", pump).on("close", () => closed.resolve(written));
      pump();
    });
    const exchange = await send(port, { timeoutMs: 20_000 });
    expect(exchange).toMatchObject({ status: 200, failure: null, truncated: true });
    expect(exchange.responseBody).toBe("x".repeat(65_536));
    expect(exchange.durationMs).toBeLessThan(10_000);
    // Bounded: what the two kernels buffered, not what the partner would have liked to send.
    expect(await closed.promise).toBeLessThan(64 * 1024 * 1024);
  });

  it("is counted over chunks, and a body of exactly the cap is whole", async () => {
    const port = await httpPartner(async (request, response) => {
      for (const piece of request.url === "/five" ? ["ab", "cd", "e"] : ["ab", "cd"]) {
        response.write(piece);
        await delay(5);
      }
      response.end();
    });
    const options = { responseBodyCapBytes: 4 };
    expect(await send(port, { url: `http://127.0.0.1:${port}/four` }, options)).toMatchObject({
      responseBody: "abcd",
      truncated: false,
    });
    expect(await send(port, { url: `http://127.0.0.1:${port}/five` }, options)).toMatchObject({
      responseBody: "abcd",
      truncated: true,
    });
  });
});

describe("connections", () => {
  it.each(["keep-alive: timeout=60\r\n", "x: y\r\n"])(
    "are kept alive, and closed when idle (%j)",
    async (hint) => {
      const sockets = new Set<Socket>();
      const port = await rawPartner((socket) => {
        sockets.add(socket);
        socket.write(head(`${hint}content-length: 2\r\n\r\nok`));
      });
      const transport = transportTo(port, { ...oneConnection, keepAliveMs: 100 });
      for (let n = 0; n < 5; n += 1)
        expect(await transport.send(requestTo(port))).toMatchObject({ status: 200 });
      expect(sockets.size).toBe(1);
      const [socket] = sockets;
      if (!socket!.destroyed) await once(socket!, "close");
    },
  );

  it("that turn out stale are replaced once, and the partner is not blamed", async () => {
    const seen: number[] = [];
    const port = await rawPartner((socket, _bytes, n) => {
      seen.push(n);
      if (n === 2) socket.resetAndDestroy();
      else socket.write(okAnswer);
    });
    const transport = transportTo(port, oneConnection);
    expect(await transport.send(requestTo(port))).toMatchObject({ status: 200 });
    expect(await transport.send(requestTo(port))).toMatchObject({ status: 200, failure: null });
    expect(seen).toEqual([1, 2, 3]);
  });

  it("are replaced only once for a request", async () => {
    const seen: number[] = [];
    const port = await rawPartner((socket, _bytes, n) => {
      seen.push(n);
      if (n === 1) socket.write(okAnswer);
      else socket.resetAndDestroy();
    });
    const transport = transportTo(port, oneConnection);
    await transport.send(requestTo(port));
    expect(await transport.send(requestTo(port))).toMatchObject({
      status: null,
      failure: { class: "reset" },
    });
    expect(seen).toEqual([1, 2, 3]);
  });

  it("are not replaced again where the new one breaks off in its handshake", async () => {
    const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), "utf8");
    const tls = { key: pem("key"), cert: pem("good") + pem("intermediate") };
    const partner = createHttpsServer({ ...tls, keepAliveTimeout: 60_000 }, (request, response) => {
      if (request.url === "/stale") request.socket.destroy();
      else response.end("ok");
    });
    let connections = 0;
    const port = await listen(
      createServer((socket) => {
        connections += 1;
        if (connections > 1) socket.destroy();
        else partner.emit("connection", socket);
      }),
    );
    const transport = transportTo(port, {
      ...oneConnection,
      allowedTargets: parseAllowedTargets([`localhost:${port}`]),
      caBundle: pem("root"),
    });
    const url = (path: string) => ({ url: `https://localhost:${port}${path}` });
    expect(await transport.send(requestTo(port, url("/")))).toMatchObject({ status: 200 });
    expect(await transport.send(requestTo(port, url("/stale")))).toMatchObject({ status: null });
    expect(connections).toBe(2);
  });

  it("that turn out stale when the transport closes are not replaced", async () => {
    const asked = Promise.withResolvers<Socket>();
    const port = await rawPartner((socket, _bytes, n) => {
      if (n === 1) socket.write(okAnswer);
      else asked.resolve(socket);
    });
    const transport = transportTo(port, oneConnection);
    await transport.send(requestTo(port));
    const sent = transport.send(requestTo(port));
    const socket = await asked.promise;
    const closed = transport.close();
    socket.resetAndDestroy();
    expect(await sent).toMatchObject({ status: null, failure: { class: "aborted" } });
    await closed;
  });

  it("that close after a response has begun are the partner's failure", async () => {
    const seen: number[] = [];
    const port = await rawPartner((socket, _bytes, n) => {
      seen.push(n);
      if (n === 1) socket.write(okAnswer);
      else socket.end("HTTP/1.1 200 OK\r\ncontent-le");
    });
    const transport = transportTo(port, oneConnection);
    await transport.send(requestTo(port));
    expect(await transport.send(requestTo(port))).toMatchObject({
      status: null,
      failure: { class: "reset" },
    });
    expect(seen).toEqual([1, 2]);
  });
});

describe("the caller", () => {
  it("may abort while the partner is silent", async () => {
    const reached = Promise.withResolvers<Socket>();
    const port = await rawPartner((socket) => reached.resolve(socket));
    const abort = new AbortController();
    const sent = transportTo(port).send(requestTo(port), abort.signal);
    const closed = once(await reached.promise, "close");
    abort.abort();
    expect(await sent).toMatchObject({
      status: null,
      failure: { class: "aborted", message: expect.stringContaining("headers") },
    });
    await closed;
  });

  it("may abort many by one signal, also before they connect", async () => {
    const abort = new AbortController();
    const transport = transportTo(4500, { lookup: () => new Promise(() => {}) });
    const request = requestTo(4500, { url: "http://partner.test:4500/" });
    const sent = [transport.send(request, abort.signal), transport.send(request, abort.signal)];
    abort.abort();
    for (const exchange of await Promise.all(sent)) expect(exchange.failure?.class).toBe("aborted");
    expect((await transport.send(request, abort.signal)).failure?.class).toBe("aborted");
  });

  it("gets no exception for a request that HTTP cannot carry", async () => {
    const port = await httpPartner((_request, response) => response.end());
    const exchange = await send(port, { headers: [["x", "a\r\nb: c"]] });
    expect(exchange).toMatchObject({
      status: null,
      failure: { class: "protocol", message: expect.stringContaining("was not sent") },
    });
  });

  it("can send no more after close, which waits for what is open", async () => {
    const reached = Promise.withResolvers<Socket>();
    const port = await rawPartner((socket) => reached.resolve(socket));
    const transport = transportTo(port);
    const sent = transport.send(requestTo(port));
    const socket = await reached.promise;
    const closed = transport.close();
    expect(await transport.send(requestTo(port))).toMatchObject({
      failure: { class: "aborted", message: "The transport is closed." },
    });
    socket.write(okAnswer);
    expect(await sent).toMatchObject({ status: 200, failure: null });
    await closed;
  });
});
