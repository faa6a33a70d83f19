import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseAllowedTargets } from "../core/target.ts";
import { systemClock } from "../ports/clock.ts";
import type { PostbackRequest } from "../ports/transport.ts";
import { listen, okAnswer, rawPartner } from "./fixtures/partner.ts";
import { createTransport, type Lookup, type TransportOptions } from "./index.ts";

const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), "utf8");
const chain = { cert: pem("good") + pem("intermediate"), key: pem("key") };

/** A proxy that answers CONNECT by status; its tunnels lead to one port of loopback. */
async function proxyTo(leadsTo: number, answer: (path: string) => number | "silence" | "reset" = () => 200) {
  const asked: { path: string; authorization: string | undefined }[] = [];
  const server = createHttpServer();
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    socket.on("error", () => {});
    const path = request.url ?? "";
    asked.push({ path, authorization: request.headers["proxy-authorization"] });
    const status = answer(path);
    if (status === "silence") return;
    if (status === "reset") return socket.resetAndDestroy();
    socket.write(`HTTP/1.1 ${status} X\r\n\r\n`);
    if (status !== 200) return socket.end();
    const through = connect(leadsTo, "127.0.0.1").on("error", () => socket.destroy());
    socket.pipe(through).pipe(socket);
  });
  return { port: await listen(server), asked };
}

/** A partner that speaks TLS for `localhost`, and the names it was asked for. */
async function tlsPartner() {
  const names: (string | false | null)[] = [];
  const server = createTlsServer(chain, (socket) => {
    names.push(socket.servername);
    socket.on("error", () => {}).on("data", () => socket.write(okAnswer));
  });
  return { port: await listen(server), names };
}

const to =
  (...addresses: string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

function through(proxyPort: number, options: Partial<TransportOptions> & { allow?: readonly string[] } = {}) {
  const { allow = [], ...rest } = options;
  const transport = createTransport({
    clock: systemClock,
    allowedTargets: parseAllowedTargets(allow),
    lookup: to("203.0.114.7"),
    caBundle: pem("root"),
    egressProxy: `http://us%40er:pa%3Ass@127.0.0.1:${proxyPort}`,
    ...rest,
  });
  onTestFinished(() => transport.close());
  return (url: string, more: Partial<PostbackRequest> = {}) =>
    transport.send({ method: "POST", url, headers: [], body: "{}", timeoutMs: 5_000, ...more });
}

describe("by way of an egress proxy", () => {
  it("a partner is reached at the address that was checked, with its own name in TLS, over kept connections", async () => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port);
    const send = through(proxy.port, { maxConnectionsPerOrigin: 1 });
    for (let n = 0; n < 3; n += 1)
      expect(await send("https://localhost/pb")).toMatchObject({
        status: 200,
        failure: null,
        responseBody: "ok",
      });
    expect(proxy.asked).toEqual([
      { path: "203.0.114.7:443", authorization: `Basic ${Buffer.from("us@er:pa:ss").toString("base64")}` },
    ]);
    expect(partner.names).toEqual(["localhost"]);
  });

  it("plain http and other ports go through a tunnel too, without user and password where there are none", async () => {
    const port = await rawPartner((socket) => socket.write(okAnswer));
    const proxy = await proxyTo(port);
    const send = through(proxy.port, {
      allow: ["partner.test:8080"],
      egressProxy: `http://127.0.0.1:${proxy.port}`,
      lookup: to("2606:4700::7"),
    });
    expect(await send("http://partner.test:8080/")).toMatchObject({ status: 200, failure: null });
    expect(proxy.asked).toEqual([{ path: "[2606:4700::7]:8080", authorization: undefined }]);
  });

  it("the certificate is checked as without", async () => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port);
    expect(await through(proxy.port)("https://other.test/")).toMatchObject({
      failure: { class: "tls", message: expect.stringContaining("another hostname") },
    });
  });

  it.each([
    ["https://localhost/", ["127.0.0.1"]],
    ["https://localhost/", ["203.0.114.7", "10.0.0.1"]],
    ["https://localhost/", ["::ffff:169.254.169.254"]],
    ["https://10.0.0.1/", []],
    ["https://[::1]/", []],
  ])("nothing is asked of it for %s at %j", async (url, addresses) => {
    const proxy = await proxyTo(1);
    expect(await through(proxy.port, { lookup: to(...addresses) })(url)).toMatchObject({
      failure: { class: "target_refused" },
    });
    expect(proxy.asked).toEqual([]);
  });

  it("each connection looks the name up again: one that was rebound is refused", async () => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port);
    let addresses = ["203.0.114.7"];
    const send = through(proxy.port, { lookup: async () => to(...addresses)(""), keepAliveMs: 1 });
    expect(await send("https://localhost/")).toMatchObject({ status: 200 });
    addresses = ["127.0.0.1"];
    let last = await send("https://localhost/");
    for (let n = 0; n < 50 && last.status === 200; n += 1) {
      await systemClock.sleep(50);
      last = await send("https://localhost/");
    }
    expect(last).toMatchObject({ failure: { class: "target_refused" } });
    expect(proxy.asked).toHaveLength(1);
  });

  it("a private target that is allowed is called straight", async () => {
    const port = await rawPartner((socket) => socket.write(okAnswer));
    const proxy = await proxyTo(port);
    const allow = [`crm.test:${port}`, `127.0.0.1:${port}`];
    const send = through(proxy.port, { allow, lookup: to("127.0.0.1") });
    for (const host of ["crm.test", "127.0.0.1"])
      expect(await send(`http://${host}:${port}/`)).toMatchObject({ status: 200, failure: null });
    expect(proxy.asked).toEqual([]);
  });

  it("the next address is tried where one cannot be reached", async () => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port, (path) => (path.startsWith("203.0.114.7") ? 502 : 200));
    const send = through(proxy.port, { lookup: to("203.0.114.7", "203.0.114.8") });
    expect(await send("https://localhost/")).toMatchObject({ status: 200, failure: null });
    expect(proxy.asked.map(({ path }) => path)).toEqual(["203.0.114.7:443", "203.0.114.8:443"]);
  });
});

describe("a failure", () => {
  it.each([
    [407, "local"],
    [403, "local"],
    [400, "local"],
    [500, "local"],
    [503, "local"],
    [302, "local"],
    [502, "connect"],
    [504, "connect"],
  ] as const)("CONNECT answered %i is %s", async (status, failureClass) => {
    const proxy = await proxyTo(1, () => status);
    expect(await through(proxy.port)("https://localhost/")).toMatchObject({
      status: null,
      failure: { class: failureClass, message: expect.stringContaining(String(status)) },
    });
  });

  it.each([500, 503])("CONNECT answered %i is the partner's where the proxy opens others", async (status) => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port, (path) => (path.startsWith("203.0.114.9") ? status : 200));
    const addresses = { localhost: "203.0.114.7", "dead.test": "203.0.114.9" };
    const send = through(proxy.port, {
      lookup: (name) => to(addresses[name as keyof typeof addresses])(name),
    });
    expect(await send("https://localhost/")).toMatchObject({ status: 200 });
    expect(await send("https://dead.test/")).toMatchObject({ failure: { class: "connect" } });
  });

  it("a proxy that refuses, breaks off or is silent is ours, and its password is in no words", async () => {
    const closed = createServer();
    const nobody = await listen(closed);
    await closed[Symbol.asyncDispose]();
    const resets = await proxyTo(1, () => "reset");
    const silent = await proxyTo(1, () => "silence");
    for (const port of [nobody, resets.port, silent.port]) {
      const exchange = await through(port)("https://localhost/", { timeoutMs: 300 });
      expect(exchange).toMatchObject({
        status: null,
        failure: { class: "local", message: expect.stringMatching(/^the egress proxy did not/) },
      });
      expect(JSON.stringify(exchange)).not.toMatch(/pa.{0,3}ss/);
    }
  });

  it("a partner that is silent behind a proxy that opens others is the partner's", async () => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port, (path) => (path.startsWith("203.0.114.9") ? "silence" : 200));
    const addresses = { localhost: "203.0.114.7", "dead.test": "203.0.114.9" };
    const send = through(proxy.port, {
      lookup: (name) => to(addresses[name as keyof typeof addresses])(name),
    });
    const dead = send("https://dead.test/", { timeoutMs: 500 });
    while (proxy.asked.length === 0) await systemClock.sleep(5);
    expect(await send("https://localhost/")).toMatchObject({ status: 200 });
    expect(await dead).toMatchObject({ failure: { class: "timeout" } });
  });

  it("a look-up that hangs is left behind: the connection is free for the next", async () => {
    const partner = await tlsPartner();
    const proxy = await proxyTo(partner.port);
    let looked = 0;
    const lookup: Lookup = (name) => (looked++ === 0 ? new Promise(() => {}) : to("203.0.114.7")(name));
    const send = through(proxy.port, { lookup, maxConnectionsPerOrigin: 1, lookupTimeoutMs: 400 });
    const first = await send("https://localhost/", { timeoutMs: 200 });
    expect(first).toMatchObject({ status: null, failure: { class: "dns" } });
    expect(first.durationMs).toBeLessThan(400);
  });
});
