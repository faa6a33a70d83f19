import { connect } from "node:net";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { expect, onTestFinished, test } from "vitest";
import { createBodyBudget } from "./body-budget.ts";
import { listen } from "./listen.ts";
import { ClientGone, readBody } from "./request-body.ts";

test.each([
  ["a head", "POST / HTTP/1.1\r\nhost: localhost\r\nx: ", "a"],
  ["a body", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\n", "a"],
  [
    "a chunked body",
    "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    "1\r\na\r\n",
  ],
])("%s that drips is cut off with 408, and its memory is free again", async (name, head, drip) => {
  const budget = createBodyBudget(10_000);
  const ended = Promise.withResolvers<unknown>();
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post("/", async (c) => {
    const { bytes } = await readBody(c.env.incoming, 10_000, budget).catch((error: unknown) => {
      ended.resolve(error);
      throw error;
    });
    return c.text(String(bytes.length));
  });
  app.onError((_, c) => c.text("", 400));
  const listener = await listen(app, { host: "127.0.0.1", port: 0 }, 300);
  onTestFinished(() => listener.close(0));

  const socket = connect(listener.port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(head);
  const dripping = setInterval(() => socket.write(drip), 20);
  await closed;
  clearInterval(dripping);
  expect(received).toMatch(/^HTTP\/1\.1 408 /);
  if (name === "a head") return;
  expect(await ended.promise).toBeInstanceOf(ClientGone);
  expect(() => budget.take(10_000)).not.toThrow();
});
