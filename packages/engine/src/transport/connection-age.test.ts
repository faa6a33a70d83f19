import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import {
  head,
  okAnswer,
  oneConnection,
  partnerAnswering,
  requestTo,
  taken,
  transportTo,
} from "./fixtures/partner.ts";

describe("a connection past its age", () => {
  it("takes no new request, and ends what is under way in peace", async () => {
    let nowMs = 1_000_000;
    const { port, sockets } = await partnerAnswering(okAnswer);
    const clock = {
      monotonicMs: () => nowMs,
      after: () => () => {},
      sleep: () => new Promise<void>(() => {}),
    } as never;
    const transport = transportTo(port, { ...oneConnection, clock, maxConnectionAgeMs: 60_000 });
    const ask = async (sinceMs: number) => {
      nowMs += sinceMs;
      expect(await transport.send(requestTo(port))).toMatchObject(taken);
      return sockets.size;
    };
    expect(await ask(0)).toBe(1);
    expect(await ask(59_999)).toBe(1);
    expect(await ask(1)).toBe(2);
    expect(await ask(59_999)).toBe(2);
  });

  it("is how a name that moved is followed", async () => {
    let nowMs = 1_000_000;
    let address = "127.0.0.1";
    const { port } = await partnerAnswering(okAnswer);
    await using moved = createServer((socket) =>
      socket.on("data", () => socket.write(head("content-length: 5\r\n\r\nmoved"))),
    ).listen(port, "127.0.0.2");
    await once(moved, "listening");
    const transport = transportTo(port, {
      ...oneConnection,
      clock: {
        monotonicMs: () => nowMs,
        after: () => () => {},
        sleep: () => new Promise<void>(() => {}),
      } as never,
      lookup: () => Promise.resolve([{ address, family: 4 }]),
    });
    const ask = async () =>
      (await transport.send(requestTo(port, { url: `http://partner.test:${port}/pb` }))).responseBody;
    expect(await ask()).toBe("ok");
    address = "127.0.0.2";
    nowMs += 59_000;
    expect(await ask()).toBe("ok");
    nowMs += 1_000;
    expect(await ask()).toBe("moved");
    await transport.close();
  });

  it("is replaced for requests that wait for it, too: none is lost, none is sent twice", async () => {
    let nowMs = 1_000_000;
    let n = 0;
    const { port, sockets } = await partnerAnswering(okAnswer, (socket, bytes) => {
      n += 1;
      nowMs += 25_000;
      socket.write(bytes);
    });
    const clock = {
      monotonicMs: () => nowMs,
      after: () => () => {},
      sleep: () => new Promise<void>(() => {}),
    } as never;
    const transport = transportTo(port, { ...oneConnection, clock });
    const exchanges = await Promise.all(
      Array.from({ length: 30 }, () => transport.send(requestTo(port, { timeoutMs: 1e9 }))),
    );
    for (const exchange of exchanges) expect(exchange).toMatchObject(taken);
    expect(n).toBe(30);
    expect(sockets.size).toBe(10);
  });
});
