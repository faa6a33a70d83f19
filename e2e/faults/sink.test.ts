import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { startSink } from "./sink-process.ts";

interface Post {
  readonly path: string;
  readonly delivery: string;
  readonly body?: string;
}

function post(target: string, { path, delivery, body = '{"id":"e-1","type":"t"}' }: Post) {
  const [host, port] = target.split(":");
  return new Promise<number>((resolve, reject) => {
    const sent = request(
      { host, port, path, method: "POST", headers: { "webhook-id": delivery } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

async function sinkForTest() {
  const sink = await startSink();
  onTestFinished(() => sink.stop());
  return sink;
}

test("remembers every request: when, which delivery, which event, which partner", async () => {
  const sink = await sinkForTest();
  const before = Date.now();
  expect(await post(sink.target, { path: "/ok/acme", delivery: "d-1" })).toBe(200);
  expect(await post(sink.target, { path: "/500/acme", delivery: "d-2", body: '{"id":"e-2"}' })).toBe(500);
  await sink.sync();
  expect(sink.receipts).toMatchObject([
    { deliveryId: "d-1", eventId: "e-1", partner: "acme", status: 200 },
    { deliveryId: "d-2", eventId: "e-2", partner: "acme", status: 500 },
  ]);
  expect(sink.receipts[0]!.atMs).toBeGreaterThanOrEqual(before - 1);
  await sink.sync();
  expect(sink.receipts).toHaveLength(2);
});

test("fails a flaky delivery the first time only, and the same ones in every run", async () => {
  const sink = await sinkForTest();
  const statuses = [];
  for (const delivery of ["d-f", "d-0", "d-0", "d-3", "d-3"])
    statuses.push(await post(sink.target, { path: "/flaky/acme", delivery }));
  expect(statuses).toEqual([200, 500, 200, 500, 200]);
});

test("keeps a request that is never answered", async () => {
  const sink = await sinkForTest();
  const hanging = post(sink.target, { path: "/hang/acme", delivery: "d-1" }).catch(() => 0);
  expect(await post(sink.target, { path: "/slow/acme", delivery: "d-2" })).toBe(200);
  await sink.sync();
  expect(sink.receipts).toContainEqual(expect.objectContaining({ deliveryId: "d-1", status: 0 }));
  sink.stop();
  expect(await hanging).toBe(0);
});
