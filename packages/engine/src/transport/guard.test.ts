import { readFileSync } from "node:fs";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseAllowedTargets } from "../core/target.ts";
import { systemClock } from "../ports/clock.ts";
import { onlyToPublic, TrackedClient } from "./connection.ts";
import type { Dial } from "./pending-dial.ts";
import { listen, okAnswer } from "./fixtures/partner.ts";
import { createTransport, type Lookup, type TransportOptions } from "./index.ts";
import { boundedLookup } from "./lookup.ts";

/** Made by fixtures/make-certificates.sh. */
const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), "utf8");
const chain = { cert: pem("good") + pem("intermediate"), key: pem("key") };

/** A partner that speaks TLS on loopback, and how many TCP connections reached it. */
async function tlsPartner(options: TlsOptions) {
  let connections = 0;
  const server = createServer(options, (socket) => {
    socket.on("error", () => {}).on("data", () => socket.write(okAnswer));
  });
  server.on("tlsClientError", () => {}).on("connection", () => (connections += 1));
  return { port: await listen(server), connections: () => connections };
}

const answer =
  (...addresses: string[]): Lookup =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));

async function post(url: string, options: Partial<TransportOptions> & { allow?: string[] } = {}) {
  const { allow = [], ...rest } = options;
  const allowedTargets = parseAllowedTargets(allow);
  const transport = createTransport({
    clock: systemClock,
    allowedTargets,
    caBundle: pem("root"),
    lookup: answer("127.0.0.1"),
    ...rest,
  });
  onTestFinished(() => transport.close());
  return transport.send({ method: "POST", url, headers: [], body: "{}", timeoutMs: 5_000 });
}

describe("TLS", () => {
  it("reaches a partner whose chain is whole", async () => {
    const { port } = await tlsPartner(chain);
    const exchange = await post(`https://localhost:${port}/`, { allow: [`localhost:${port}`] });
    expect(exchange).toMatchObject({ status: 200, failure: null, responseBody: "ok" });
  });

  it("trusts an endpoint's own roots for that endpoint alone, also on connections that are kept", async () => {
    const { port, connections } = await tlsPartner(chain);
    const transport = createTransport({
      clock: systemClock,
      allowedTargets: parseAllowedTargets([`localhost:${port}`]),
      lookup: answer("127.0.0.1"),
    });
    onTestFinished(() => transport.close());
    const ask = async (ca?: string) => {
      const own = ca === undefined ? {} : { ca };
      const url = `https://localhost:${port}/`;
      const { status, failure } = await transport.send({
        method: "POST",
        url,
        headers: [],
        body: "{}",
        timeoutMs: 5_000,
        ...own,
      });
      return status ?? failure?.class;
    };
    const [root, two] = [pem("root"), pem("other-host") + pem("root")];
    expect([
      await ask(root),
      await ask(),
      await ask(root),
      await ask(pem("other-host")),
      await ask(two),
    ]).toEqual([200, "tls", 200, "tls", 200]);
    // The first and the third shared one.
    expect(connections()).toBe(4);
  });

  it.each([
    [
      "self-signed",
      { cert: pem("self-signed") },
      "the certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)",
    ],
    [
      "expired",
      { cert: pem("expired") + pem("intermediate") },
      "the certificate has expired (CERT_HAS_EXPIRED)",
    ],
    [
      "without its intermediate",
      { cert: pem("good") },
      "the server does not send the intermediate certificate",
    ],
    [
      "for another hostname",
      { cert: pem("other-host") + pem("intermediate") },
      "the certificate is for another hostname",
    ],
    [
      "with an own root in its chain",
      { cert: pem("good") + pem("intermediate") + pem("root"), caBundle: pem("other-host") },
      "not trusted",
    ],
  ])("names a certificate that is %s", async (_name, { cert, ...rest }, words) => {
    const { port } = await tlsPartner({ cert, key: pem("key") });
    const exchange = await post(`https://localhost:${port}/`, { allow: [`localhost:${port}`], ...rest });
    expect(exchange).toMatchObject({
      status: null,
      failure: { class: "tls", message: expect.stringContaining(words) },
    });
    expect(exchange.failure?.message).not.toMatch(/node|tls: |routines|\.c:|\n/i);
  });

  it("names a handshake that failed, and one that was cut", async () => {
    const old = await tlsPartner({
      ...chain,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const failed = await post(`https://localhost:${old.port}/`, { allow: [`localhost:${old.port}`] });
    expect(failed).toMatchObject({
      status: null,
      failure: { class: "tls", message: "the server offers no TLS version of 1.2 and newer." },
    });
    const cut = await tlsPartner({ ...chain, SNICallback: (_name, done) => done(new Error("no")) });
    const exchange = await post(`https://localhost:${cut.port}/`, { allow: [`localhost:${cut.port}`] });
    expect(exchange).toMatchObject({ status: null, failure: { class: "tls" } });
  });
});

describe("a server that is no TLS server", () => {
  const cuts: Record<string, (socket: Socket) => unknown> = {
    "closes at once": (socket) => socket.destroy(),
    "ends at once": (socket) => socket.end(),
    "closes at the first bytes": (socket) => socket.once("data", () => socket.destroy()),
    "ends at the first bytes": (socket) => socket.once("data", () => socket.end()),
    "resets at the first bytes": (socket) => socket.once("data", () => socket.resetAndDestroy()),
  };
  it.each(Object.keys(cuts))("fails in one way: it %s", async (how) => {
    const port = await listen(createTcpServer(cuts[how]));
    const exchange = await post(`https://localhost:${port}/`, { allow: [`localhost:${port}`] });
    expect(exchange.failure).toEqual({
      class: "tls",
      message: "the server closed the connection during the handshake.",
    });
  });

  it.each(["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n", "\0\0\0\0\0\0\0\0"])(
    "is named as such: %j",
    async (banner) => {
      const port = await listen(createTcpServer((socket) => socket.write(banner)));
      const exchange = await post(`https://localhost:${port}/`, { allow: [`localhost:${port}`] });
      expect(exchange.failure).toEqual({
        class: "tls",
        message: "the server does not speak TLS on this port.",
      });
    },
  );
});

describe("the target guard", () => {
  it.each([
    [["127.0.0.1"]],
    [["8.8.8.8", "127.0.0.1"]],
    [["::1", "8.8.8.8"]],
    [["::ffff:127.0.0.1"]],
    [["169.254.169.254"]],
  ])("refuses a name that resolves to %j, before a connection", async (addresses) => {
    const { port, connections } = await tlsPartner(chain);
    const exchange = await post(`https://localhost:${port}/`, { lookup: answer(...addresses) });
    expect(exchange).toMatchObject({
      status: null,
      failure: { class: "target_refused", message: expect.stringContaining("not a public address") },
    });
    expect(connections()).toBe(0);
  });

  it("checks again at each connect: a name that was fine may be rebound", async () => {
    const { port, connections } = await tlsPartner(chain);
    const answers = [Promise.reject(new Error("not yet")), answer("127.0.0.1")("")];
    const allowedTargets = parseAllowedTargets([]);
    const transport = createTransport({ clock: systemClock, allowedTargets, lookup: () => answers.shift()! });
    onTestFinished(() => transport.close());
    const request = {
      method: "GET",
      url: `https://localhost:${port}/`,
      headers: [],
      body: null,
      timeoutMs: 5_000,
    } as const;
    expect((await transport.send(request)).failure?.class).toBe("dns");
    expect((await transport.send(request)).failure?.class).toBe("target_refused");
    expect(connections()).toBe(0);
  });

  it.each([
    "https://127.0.0.1/",
    "https://0x7f.1/",
    "https://[::1]/",
    "http://localhost/",
    "https://u:p@a.example/",
    "nonsense",
  ])("refuses %s by its URL", async (url) =>
    expect(await post(url)).toMatchObject({ status: null, failure: { class: "target_refused" } }),
  );

  it("allows a host on the named port only", async () => {
    const { port, connections } = await tlsPartner(chain);
    const exchange = await post(`https://localhost:${port}/`, {
      allow: ["localhost:1", `127.0.0.1:${port}`],
    });
    expect(exchange.failure?.class).toBe("target_refused");
    expect(connections()).toBe(0);
  });
});

const target = (hostname: string) => ({ hostname, protocol: "https:", port: "443" });
const dialled = (dial: Dial, hostname: string) =>
  new Promise<{ error: Error | null; socket: unknown }>((resolve) => {
    dial(target(hostname), (...[error, socket]) => resolve({ error, socket }));
  });
const leadingTo = (remoteAddress: string | undefined) => {
  const socket = { remoteAddress, destroyed: false, destroy: () => (socket.destroyed = true) };
  const dial: Dial = (_options, callback) => {
    queueMicrotask(() => callback(null, socket as unknown as Socket));
    return undefined;
  };
  return { socket, dial: onlyToPublic(dial) };
};

describe("onlyToPublic", () => {
  it("passes a socket that is where it should be", async () => {
    const { socket, dial } = leadingTo("2606:4700:4700::1111");
    expect(await dialled(dial, "a.example")).toEqual({ error: null, socket });
  });

  it.each(["10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", undefined])(
    "destroys one that led to %s",
    async (remote) => {
      const { socket, dial } = leadingTo(remote);
      expect((await dialled(dial, "a.example")).error).toMatchObject({ class: "target_refused" });
      expect(socket.destroyed).toBe(true);
    },
  );

  it("does not dial a private literal", async () => {
    const { dial } = leadingTo("8.8.8.8");
    expect((await dialled(dial, "127.0.0.1")).error).toMatchObject({ class: "target_refused" });
    expect((await dialled(dial, "::1")).error).toMatchObject({ class: "target_refused" });
  });
});

const carried = (isOver: boolean) => ({
  isOver,
  carriedBy: () => {},
  connecting: () => {},
  onRequestStart: () => {},
  onResponseStart: () => {},
  onResponseData: () => {},
  onResponseEnd: () => {},
  onResponseError: () => {},
});

describe("TrackedClient", () => {
  it("opens no connection for an exchange that is over: no deadline would end it", async () => {
    let dialled = 0;
    const dial: Dial = () => {
      dialled += 1;
      return undefined;
    };
    const client = new TrackedClient(new URL("http://a.example"), {}, dial, {
      maxAgeMs: 60_000,
      now: () => 0,
    });
    const request = { path: "/", method: "GET" } as const;
    expect(client.dispatch(request, carried(true))).toBe(true);
    expect(dialled).toBe(0);
    client.dispatch(request, carried(false));
    expect(dialled).toBe(1);
    await client.destroy();
  });
});

describe("boundedLookup", () => {
  it("asks once for a name at a time, and again when that is answered", async () => {
    const asked: string[] = [];
    const open = Promise.withResolvers<void>();
    const resolve: Lookup = async (hostname) => {
      asked.push(hostname);
      await open.promise;
      return [{ address: "8.8.8.8", family: 4 }];
    };
    const { lookup } = boundedLookup({ lookup: resolve }, { clock: systemClock, timeoutMs: 5_000 });
    const waiting = [lookup("a.example"), lookup("a.example"), lookup("b.example")];
    expect(asked).toEqual(["a.example", "b.example"]);
    open.resolve();
    await Promise.all(waiting);
    await lookup("a.example");
    expect(asked).toEqual(["a.example", "b.example", "a.example"]);
  });
});
