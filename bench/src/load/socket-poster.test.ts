import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { openSocketPoster, type SocketPoster } from "./socket-poster.ts";

let end: () => Promise<void> = async () => {};
afterEach(() => end());

async function posterTo(
  answer: (...call: Parameters<RequestListener>) => Promise<unknown>,
): Promise<SocketPoster> {
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const poster = openSocketPoster(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/in`), {
    "content-type": "text/plain",
  });
  end = async () => {
    await poster.close();
    server.close();
    await once(server, "close");
  };
  return poster;
}

test("every body arrives once and whole, over 64 connections at most, however the answer is framed", async () => {
  const bodies: string[] = [];
  let calls = 0;
  const connections = new Set<unknown>();
  const poster = await posterTo(async (request, response) => {
    connections.add(request.socket);
    bodies.push(await text(request));
    expect(request.headers).toMatchObject({ "content-type": "text/plain" });
    response.statusCode = 202;
    if ((calls += 1) % 2 === 0) return response.end("with its length");
    response.write("in ");
    response.end("chunks");
  });
  const sent = Array.from({ length: 500 }, (_, n) => `body ${n} ${"ü".repeat(n)}`);
  await Promise.all(sent.map((body) => poster.post(body)));
  expect(bodies.toSorted()).toEqual(sent.toSorted());
  expect(connections.size).toBe(64);
});

test("another answer than 2xx, and none, are errors; the next call goes on", async () => {
  const poster = await posterTo(async (request, response) => {
    const body = await text(request);
    if (body === "cut") return response.socket!.destroy();
    response.statusCode = body === "bad" ? 503 : 200;
    response.end(`had ${body}`);
  });
  await expect(poster.post("bad")).rejects.toThrow(/503 .*had bad/s);
  await expect(poster.post("cut")).rejects.toThrow("ended before the answer");
  await poster.post("good");
});
