import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { ScriptSource } from "./behaviour.ts";
import { rawRequest, statusOf } from "./testing/raw-client.ts";
import { type SandboxPartner, startSandbox } from "./sandbox.ts";

let nowMs = Date.parse("2026-01-31T10:00:00.400Z");
const sandbox = await startSandbox({ port: 0, now: () => nowMs });
afterAll(() => sandbox.close());

let partner: SandboxPartner;
let names = 0;
beforeEach(() => {
  partner = sandbox.partner(`p${(names += 1)}`);
});

async function play(script: ScriptSource, options: Parameters<typeof rawRequest>[1] = {}) {
  partner.script(script);
  const exchange = await rawRequest(partner.url, options);
  const [recorded] = await partner.waitFor(1);
  return { ...exchange, recorded: recorded! };
}

const bodyOf = (text: string): string => text.slice(text.indexOf("\r\n\r\n") + 4);

describe("answers", () => {
  test("ok is 200, and is the script of a partner nobody scripted", async () => {
    const exchange = await rawRequest(partner.url);
    expect(statusOf(exchange)).toBe(200);
    expect(bodyOf(exchange.text)).toBe("ok");
    expect((await partner.requests())[0]).toMatchObject({ behaviour: "ok", answered: 200 });
  });

  test("ok takes a status and a body; 204 has none", async () => {
    const { text } = await play({ kind: "ok", status: 201, body: "grüß dich" });
    expect(Buffer.from(bodyOf(text), "latin1").toString()).toBe("grüß dich");
    expect(text).toContain("content-length: 11");
    partner.script("ok:204");
    const bodiless = await rawRequest(partner.url);
    expect(statusOf(bodiless)).toBe(204);
    expect(bodyOf(bodiless.text)).toBe("");
  });

  test("status sends its body and headers", async () => {
    const exchange = await play({
      kind: "status",
      status: 503,
      body: "later",
      headers: { "X-Why": "maintenance" },
    });
    expect(statusOf(exchange)).toBe(503);
    expect(exchange.text).toContain("x-why: maintenance");
    expect(bodyOf(exchange.text)).toBe("later");
    expect(exchange.recorded).toMatchObject({ behaviour: "status", answered: 503 });
  });

  test("redirect names its location", async () => {
    const exchange = await play("redirect:http://127.0.0.1:9/else?x=1");
    expect(statusOf(exchange)).toBe(302);
    expect(exchange.text).toContain("location: http://127.0.0.1:9/else?x=1");
    expect(statusOf(await play({ kind: "redirect", location: "/b", status: 308 }))).toBe(308);
  });

  test("nul_body is cut nowhere and is not UTF-8", async () => {
    const { bytes } = await play("nul_body");
    const body = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
    expect(body.includes(0)).toBe(true);
    expect(() => new TextDecoder("utf-8", { fatal: true }).decode(body)).toThrow(TypeError);
    expect(body.toString("latin1")).toMatch(/^before.*after/s);
  });
});

describe("rate_limit", () => {
  test("Retry-After in seconds and as a date, never earlier than asked", async () => {
    expect((await play("429:1500ms")).text).toContain("retry-after: 2\r\n");
    const dated = await play("429:2s@date");
    expect(statusOf(dated)).toBe(429);
    expect(dated.text).toContain("retry-after: Sat, 31 Jan 2026 10:00:03 GMT\r\n");
    expect((await play({ kind: "rate_limit" })).text).not.toContain("retry-after");
  });

  test("a real limiter allows its burst, then its rate", async () => {
    partner.script({ kind: "rate_limit", per_second: 2, burst: 3 });
    const statuses = async (count: number): Promise<number[]> => {
      const seen: number[] = [];
      for (let sent = 0; sent < count; sent += 1) seen.push(statusOf(await rawRequest(partner.url)));
      return seen;
    };
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    nowMs += 500;
    expect(await statuses(2)).toEqual([200, 429]);
    nowMs += 60_000;
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    expect((await rawRequest(partner.url)).text).toContain("retry-after: 1\r\n");
  });
});

describe("slowness", () => {
  test("slow says nothing before its delay", async () => {
    const exchange = await play({ kind: "slow", delay_ms: 60, status: 202 });
    expect(statusOf(exchange)).toBe(202);
    expect(exchange.firstByteMs).toBeGreaterThanOrEqual(59);
  });

  test("slow_body sends headers at once, drips, then ends", async () => {
    const exchange = await play("slow_body:10ms/100ms");
    expect(exchange.end).toBe("FIN");
    expect(exchange.endMs).toBeGreaterThanOrEqual(99);
    expect(bodyOf(exchange.text)).toMatch(/^(1\r\n\.\r\n){2,10}0\r\n\r\n$/);
  });

  test("endless_body goes on until its reader leaves", async () => {
    const { bytes, end } = await play("endless_body", { enough: (bytes) => bytes.length > 5_000_000 });
    expect(end).toBe("enough");
    expect(bytes.length).toBeGreaterThan(5_000_000);
  });

  test("hang never answers", async () => {
    partner.script("hang");
    const { hostname, port } = new URL(partner.url);
    const socket = connect(Number(port), hostname);
    let answered = 0;
    socket.on("data", (chunk) => (answered += chunk.length));
    socket.write(`GET /p/${partner.name} HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect(await partner.waitFor(1)).toMatchObject([{ behaviour: "hang", answered: null }]);
    // A later exchange on the same loop came and went, and still nothing.
    await rawRequest(sandbox.partner("other").url);
    expect(answered).toBe(0);
    expect(socket.closed).toBe(false);
    socket.destroy();
    await once(socket, "close");
  });
});

describe("broken connections", () => {
  test("reset is a RST without a byte", async () => {
    const { end, bytes, recorded } = await play("reset");
    expect({ end, length: bytes.length }).toEqual({ end: "RST", length: 0 });
    expect(recorded).toMatchObject({ behaviour: "reset", answered: null });
  });

  test("reset_body is a RST in the middle of the announced body", async () => {
    const { end, text } = await play("reset_body");
    expect(end).toBe("RST");
    expect(text).toContain("content-length: 1024");
    expect(bodyOf(text)).toHaveLength(512);
  });

  test("close is a FIN without a byte", async () => {
    const { end, bytes } = await play("close");
    expect({ end, length: bytes.length }).toEqual({ end: "FIN", length: 0 });
  });

  test("garbage is bytes that are no HTTP", async () => {
    const { end, bytes, text } = await play("garbage");
    expect(end).toBe("FIN");
    expect(bytes.length).toBeGreaterThan(10);
    expect(text).not.toMatch(/^HTTP/);
  });
});

test("a partner recovers on the same connection, step by step", async () => {
  partner.script("500x2,ok");
  const request = `POST /p/${partner.name} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`;
  const { hostname, port } = new URL(partner.url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.write(request.repeat(4));
  await partner.waitFor(4);
  while ((text.match(/HTTP\/1\.1/g) ?? []).length < 4) await once(socket, "data");
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([500, 500, 200, 200].map((status) => `HTTP/1.1 ${status}`));
  socket.destroy();
});
