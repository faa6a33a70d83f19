import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Dispatcher, Pool } from "undici";
import { afterEach, expect, test } from "vitest";
import { OriginPools } from "./origin-pools.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function closingServer(): Promise<string> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { connection: "close" }).end("ok"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Resolves with the status, or with the error's name. */
function ask(pools: OriginPools, origin: string): Promise<number | string> {
  return new Promise((resolve) => {
    let status = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart: (_controller, statusCode) => void (status = statusCode),
      onResponseData() {},
      onResponseEnd: () => resolve(status),
      onResponseError: (_controller, error) => resolve(error.name),
    };
    pools.dispatch({ origin, path: "/", method: "GET" }, handler);
  });
}

test("a partner that closes each connection keeps its pool and its clients", async () => {
  const origin = await closingServer();
  let [opened, clients] = [0, 0];
  const pools = new OriginPools(({ origin: at }) => {
    opened += 1;
    const pool = new Pool(at, { connections: 2 });
    pool.on("connect", () => (clients += 1));
    return pool;
  });
  closers.push(() => pools.close());
  for (let n = 0; n < 20; n += 1) expect(await ask(pools, origin)).toBe(200);
  expect({ opened, clients }).toEqual({ opened: 1, clients: 20 });
});

test("a pool that has made many clients goes with its last connection", async () => {
  const origin = await closingServer();
  let opened = 0;
  const pools = new OriginPools(({ origin: at }, made) => {
    opened += 1;
    for (let n = 0; n < 20; n += 1) made();
    return new Pool(at, { connections: 2 });
  });
  closers.push(() => pools.close());
  expect(await ask(pools, origin)).toBe(200);
  await expect.poll(() => pools.size).toBe(0);
  expect(await ask(pools, origin)).toBe(200);
  expect(opened).toBe(2);
});

test("any number of origins leaves a bounded number of pools, the latest ones", async () => {
  const opened: string[] = [];
  const pools = new OriginPools(({ origin: at }) => {
    opened.push(at);
    return new Pool(at, { connect: (_options, callback) => callback(new Error("nobody there"), null) });
  });
  closers.push(() => pools.close());
  for (let n = 0; n < 1_500; n += 1) expect(await ask(pools, `http://partner${n}.test`)).toBe("Error");
  expect(pools.size).toBeLessThanOrEqual(500);
  opened.length = 0;
  expect(await ask(pools, "http://partner1499.test")).toBe("Error");
  expect(await ask(pools, "http://partner0.test")).toBe("Error");
  expect(opened).toEqual(["http://partner0.test"]);
});

test("what is asked for after the close fails as closed", async () => {
  const pools = new OriginPools(({ origin: at }) => new Pool(at));
  await pools.close();
  expect(await ask(pools, "http://partner.test")).toBe("ClientClosedError");
});
