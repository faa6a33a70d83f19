import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startBlackHole } from "./black-hole-process.ts";
import { receivedAt, receivedBy, type SinkProcess, startSink } from "./sink-process.ts";

let sink: SinkProcess;

beforeAll(async () => {
  sink = await startSink();
});

afterAll(() => sink.stop());

beforeEach(() => sink.ask("reset"));

interface Request {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const post = (path: string, { body = "{}", headers = {}, signal }: Request = {}) =>
  fetch(`http://${sink.target}${path}`, { method: "POST", body, headers, ...(signal ? { signal } : {}) });

describe("the sink", () => {
  test("counts requests, in all and by path", async () => {
    for (const path of ["/ok", "/ok", "/hot"]) expect((await post(path)).status).toBe(200);
    expect(await receivedBy(sink)).toBe(3);
    expect(await receivedAt(sink, "/hot")).toBe(1);
  });

  test("keeps how long an event took that says when it was sent", async () => {
    const sentAtMs = Date.now() - 5_000;
    await post("/ok", { body: `{"data":{"sent_at":${sentAtMs}}}` });
    const { latencies } = await sink.ask<{ latencies: unknown }>("latencies");
    expect(latencies).toEqual([["/ok", [[sentAtMs, expect.closeTo(5_000, -3)]]]]);
  });

  test("fails each delivery once, and keeps how long the next attempt took", async () => {
    const statuses: number[] = [];
    for (const id of ["a", "b", "a", "b"])
      statuses.push((await post("/fail-once", { headers: { "webhook-id": id } })).status);
    expect(statuses).toEqual([503, 503, 200, 200]);
    expect((await sink.ask<{ waits: number[] }>("lateness")).waits).toHaveLength(2);
  });

  test("dribbles a body that does not end", async () => {
    const ended = new AbortController();
    const answer = await post("/dribble", { signal: ended.signal });
    const { value } = await answer.body!.getReader().read();
    expect(Buffer.from(value).toString()).toBe(".");
    ended.abort();
  });

  test("reads a body in chunks", async () => {
    const answer = await fetch(`http://${sink.target}/ok`, {
      method: "POST",
      body: new Blob(["{", "}"]).stream(),
      duplex: "half",
    });
    expect(answer.status).toBe(200);
    expect(await receivedBy(sink)).toBe(1);
  });
});

test("a black hole does not even take a connection", async () => {
  const hole = await startBlackHole();
  const [host, port] = hole.target.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => {});
  const opened = new Promise((resolve) => socket.once("connect", () => resolve("opened")));
  expect(await Promise.race([opened, sleep(500, "still waiting")])).toBe("still waiting");
  socket.destroy();
  hole.stop();
});
