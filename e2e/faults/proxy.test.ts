import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../src/until.ts";
import { startProxy } from "./proxy.ts";

/** A server that repeats what it hears, behind a proxy. */
async function echo() {
  const heard = { bytes: 0 };
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      heard.bytes += chunk.length;
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await startProxy({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  onTestFinished(async () => {
    await proxy.stop();
    await new Promise((resolve) => server.close(resolve));
  });
  return { proxy, heard };
}

function dial(port: number): { socket: Socket; got: () => string; closed: () => boolean } {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let closed = false;
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("close", () => (closed = true));
  onTestFinished(() => void socket.destroy());
  return { socket, got: () => text, closed: () => closed };
}

test("passes bytes both ways and counts them", async () => {
  const { proxy } = await echo();
  const { socket, got } = dial(proxy.port);
  socket.write("hello");
  await until("the echo", () => got() === "hello");
  expect(proxy.passed).toEqual({ toServer: 5, toClient: 5 });
});

test.each([
  ["toServer", 3, 3, "abc"],
  ["toClient", 3, 6, "abc"],
  ["toServer", 0, 0, ""],
] as const)("cuts %s after %i bytes, which are delivered", async (direction, bytes, heardBytes, gotText) => {
  const { proxy, heard } = await echo();
  const { socket, got, closed } = dial(proxy.port);
  proxy.cutAfter({ direction, bytes });
  socket.write("abcdef");
  await until("the cut", () => proxy.cut && closed());
  expect(heard.bytes).toBe(heardBytes);
  // What the server answered to bytes before a cut towards it may be on its way still.
  expect(gotText.startsWith(got())).toBe(true);
  const next = dial(proxy.port);
  next.socket.write("again");
  await until("the next connection to pass", () => next.got() === "again");
});

test("refuses, stalls and drops as it is told, and passes again", async () => {
  const { proxy } = await echo();
  const kept = dial(proxy.port);
  kept.socket.write("1");
  await until("the echo", () => kept.got() === "1");

  proxy.set("refuse");
  const refused = dial(proxy.port);
  await until("the refusal", () => refused.closed());
  kept.socket.write("2");
  await until("open connections to go on", () => kept.got() === "12");

  proxy.set("stall");
  const silent = dial(proxy.port);
  await once(silent.socket, "connect");
  kept.socket.write("3");
  silent.socket.write("4");
  proxy.set("pass");
  await until("what was held to pass", () => kept.got() === "123" && silent.got() === "4");

  expect(proxy.drop()).toBe(2);
  await until("both to be closed", () => kept.closed() && silent.closed());
});

test("a silenced connection stays open and answers nothing, and a new one works", async () => {
  const { proxy } = await echo();
  const old = dial(proxy.port);
  old.socket.write("a");
  await until("the echo", () => old.got() === "a");
  expect(proxy.silence()).toBe(1);
  old.socket.write("b");
  const fresh = dial(proxy.port);
  fresh.socket.write("c");
  await until("the new echo", () => fresh.got() === "c");
  expect([old.got(), old.closed(), proxy.silence()]).toEqual(["a", false, 1]);
});
