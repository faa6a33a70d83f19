import { describe, expect, onTestFinished, test } from "vitest";
import { manualTime } from "../test/manual-time.ts";
import { accepted, type Reply, type ServerDouble, startServerDouble } from "../test/server-double.ts";
import { createSender, isSenderError, type SenderOptions } from "./index.ts";

const apiKey = "prk_0123456789abcdef0123456789abcdef";
const startMs = Date.parse("2026-01-31T10:00:00Z");
const event = { event_id: "conv-1", type: "conversion.approved", data: { click_id: "c-1" } };
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...event, event_id: `e-${index}` }));
const errorReply = (status: number, code: string, headers = {}): Reply => ({
  status,
  headers,
  body: {
    error: {
      code,
      message: "In words.",
      hint: "The hint.",
      issues: [{ path: "data", message: "must be an object" }],
    },
  },
});

async function setup(
  steps: Parameters<typeof startServerDouble>,
  options: Partial<Omit<SenderOptions, "catalogue">> = {},
) {
  const server = await startServerDouble(...steps);
  const time = manualTime(startMs, 10_000);
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    expect(time.running(), "deadlines left running").toBe(0);
  });
  const { now, sleep } = time;
  return {
    server,
    time,
    sender: createSender({ url: server.url, apiKey, now, sleep, random: () => 0.5, ...options }),
  };
}

const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isSenderError(error)) throw new Error("no SenderError", { cause: error });
  return error;
};
const idsOf = ({ received }: ServerDouble) =>
  received.map(({ events }) => events.map(({ event_id }) => event_id));

describe("send", () => {
  test("posts one event, with the key", async () => {
    const { server, sender } = await setup([accepted]);
    expect(await sender.send({ ...event, data: { name: "Zoë \u2028 𝄞" } })).toEqual({
      event_id: "conv-1",
      status: "accepted",
      deliveries: 1,
    });
    const [request] = server.received;
    expect(request?.path).toBe("/v1/events");
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${apiKey}`,
      "content-type": "application/json",
    });
  });

  test("retries faults that pass with the same bytes and event id", async () => {
    const faults: Reply[] = ["reset", { status: 408 }, { status: 425 }, { status: 429 }, { status: 503 }];
    const { server, time, sender } = await setup([...faults, accepted]);
    const { event_id } = await sender.send({ type: "a", data: {} });
    expect(event_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(idsOf(server)).toEqual(Array.from({ length: 6 }, () => [event_id]));
    expect(new Set(server.received.map(({ body }) => body.toString())).size).toBe(1);
    expect(time.waits).toEqual([100, 200, 400, 800, 1_600]);
  });

  test.each([
    ["3", 3_000],
    ["Sat, 31 Jan 2026 10:00:04 GMT", 4_000],
    ["garbage", 100],
  ])("waits as Retry-After %s asks", async (value, expected) => {
    const { time, sender } = await setup([{ status: 429, headers: { "retry-after": value } }, accepted]);
    await sender.send(event);
    expect(time.waits).toEqual([expected]);
  });

  test("does not wait for a Retry-After beyond its time", async () => {
    const { server, sender } = await setup([{ status: 503, headers: { "retry-after": "60" } }, accepted]);
    expect(await refusal(sender.send(event))).toMatchObject({
      code: "unavailable",
      fields: { tries: 1, status: 503, retryAfterMs: 60_000 },
    });
    expect(server.received.length).toBe(1);
  });

  test("gives up after its retries, and hands back the event as it was sent", async () => {
    const { server, sender } = await setup([errorReply(503, "ledger_unavailable")], { retries: 2 });
    const error = await refusal(sender.send({ type: "a", data: { secret: 42 } }));
    expect(error).toMatchObject({
      code: "unavailable",
      fields: { tries: 3, status: 503, retryAfterMs: null },
    });
    expect(error.events).toEqual(server.received[0]?.events);
    expect(error.events[0]?.occurred_at).toBe("2026-01-31T10:00:00.000Z");
    expect(JSON.stringify(error), "data must not be logged with the error").not.toContain("secret");
    expect(error.message).toContain("In words. The hint.");
  });

  test("names the network's fault", async () => {
    const { server, sender } = await setup([accepted], { retries: 1 });
    await server[Symbol.asyncDispose]();
    const error = await refusal(sender.send(event));
    expect(error).toMatchObject({ code: "unavailable", fields: { tries: 2, status: null } });
    expect(error.message).toMatch(/ECONNREFUSED/);
  });

  test("a try that hangs is followed by the next", async () => {
    const { server, time, sender } = await setup(["hang", accepted]);
    const sending = sender.send(event);
    await server.arrived(1);
    time.expire(10_000);
    expect(await sending).toMatchObject({ status: "accepted" });
    expect(idsOf(server)).toEqual([["conv-1"], ["conv-1"]]);
  });

  test("the total time ends everything", async () => {
    const { server, time, sender } = await setup(["hang"], { timeoutMs: 12_000 });
    const sending = refusal(sender.send(event));
    await server.arrived(1);
    time.expire(12_000);
    expect(await sending).toMatchObject({
      code: "timeout",
      fields: { tries: 1, timeoutMs: 12_000 },
      events: [event],
    });
  });

  test("the system's clock ends a silent server too", async () => {
    const server = await startServerDouble("hang");
    onTestFinished(() => server[Symbol.asyncDispose]());
    const sender = createSender({ url: server.url, apiKey, timeoutMs: 50 });
    expect(await refusal(sender.send(event))).toMatchObject({ code: "timeout" });
  });

  test.each([
    [
      "401",
      errorReply(401, "unauthorized"),
      { code: "unauthorized", fields: { status: 401, serverCode: "unauthorized" } },
    ],
    [
      "a full backlog",
      errorReply(429, "backlog_full", { "retry-after": "1" }),
      { code: "backlog_full", fields: { eventIds: ["conv-1"] } },
    ],
    ["409", errorReply(409, "conflict"), { code: "conflict", fields: { eventIds: ["conv-1"] } }],
    [
      "a conflict in results",
      { status: 202, body: { results: [{ event_id: "conv-1", status: "conflict", deliveries: 0 }] } },
      { code: "conflict" },
    ],
    [
      "400",
      errorReply(400, "invalid_event"),
      { code: "invalid_event", fields: { issues: [{ path: "data", message: "must be an object" }] } },
    ],
    [
      "an invalid result",
      {
        status: 202,
        body: { results: [{ event_id: null, status: "invalid", deliveries: 0, error: "why" }] },
      },
      { code: "invalid_event", fields: { issues: [{ path: "", message: "why" }] } },
    ],
    [
      "413",
      { status: 413 },
      {
        code: "payload_too_large",
        fields: { byteLength: JSON.stringify({ ...event, schema_version: 1 }).length },
      },
    ],
    [
      "a redirect",
      { status: 307, headers: { location: "/elsewhere" } },
      { code: "unexpected_response", fields: { status: 307 } },
    ],
    ["404", { status: 404 }, { code: "unexpected_response", fields: { status: 404, serverCode: null } }],
    ["busy", errorReply(409, "busy"), { code: "unexpected_response", fields: { serverCode: "busy" } }],
    ["no results", { status: 200, body: "hello" }, { code: "unexpected_response", fields: { status: 200 } }],
    [
      "results of another event",
      { status: 202, body: { results: [{ event_id: "other", status: "accepted", deliveries: 1 }] } },
      { code: "unexpected_response" },
    ],
    [
      "a status it does not know",
      { status: 202, body: { results: [{ event_id: "conv-1", status: "lost", deliveries: 1 }] } },
      { code: "unexpected_response" },
    ],
  ] as [string, Reply, object][])("%s is final, and typed", async (_name, reply, expected) => {
    const { server, sender } = await setup([reply, accepted]);
    const error = await refusal(sender.send(event));
    expect(error).toMatchObject({ ...expected, events: [event] });
    expect(server.received.length).toBe(1);
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain(apiKey);
  });
});

describe("sendBatch", () => {
  test("sends a thousand per request and tells each event's result in order", async () => {
    const { server, sender } = await setup([accepted]);
    const results = await sender.sendBatch(many(2_001));
    expect(server.received.map(({ events }) => events.length)).toEqual([1_000, 1_000, 1]);
    expect(results.map(({ event_id }) => event_id)).toEqual(many(2_001).map(({ event_id }) => event_id));
    expect(await sender.sendBatch([])).toEqual([]);
    expect(server.received.length).toBe(3);
  });

  test("a refused event is a result of its own", async () => {
    const results = [
      { event_id: "e-0", status: "accepted", deliveries: 2 },
      { event_id: "e-1", status: "conflict", deliveries: 1, error: "other content" },
      { event_id: "e-2", status: "invalid", deliveries: 0, error: "type is wrong" },
      { event_id: "e-3", status: "duplicate", deliveries: 2 },
    ];
    const { sender } = await setup([{ status: 202, body: { results } }]);
    expect(await sender.sendBatch(many(4))).toEqual(results);
  });

  test.each([
    [409, "conflict", "conflict"],
    [400, "invalid_event", "invalid"],
    [429, "backlog_full", "backlog_full"],
  ])("a batch of one that is answered %i is a result too", async (status, code, expected) => {
    const { sender } = await setup([errorReply(status, code)]);
    expect(await sender.sendBatch(many(1))).toMatchObject([{ event_id: "e-0", status: expected }]);
  });

  test.each([
    [400, ["invalid", "conflict", "invalid"]],
    [409, ["conflict", "conflict", "conflict"]],
    [429, ["backlog_full", "invalid", "conflict"]],
  ])(
    "a batch that is refused with %i and results is no failure of the call: the next request goes out",
    async (status, statuses) => {
      const results = statuses.map((one, index) => ({
        event_id: `e-${index}`,
        status: one,
        deliveries: 0,
        error: "why",
      }));
      const refused = { status, body: { error: { code: "any", message: "None was taken." }, results } };
      const { server, sender } = await setup([refused]);
      expect(await sender.sendBatch(many(3))).toEqual(results);
      expect(server.received.length).toBe(1);

      const { server: next, sender: other } = await setup([
        ({ events }) => ({
          ...refused,
          body: { results: events.map(({ event_id }) => ({ ...results[0], event_id })) },
        }),
        accepted,
      ]);
      const both = await other.sendBatch(many(1_001));
      expect([both[0]?.status, both[1_000]?.status, next.received.length]).toEqual([
        statuses[0],
        "accepted",
        2,
      ]);
    },
  );

  test("throws while no request has succeeded, and hands back all events", async () => {
    const { server, sender } = await setup([errorReply(401, "unauthorized")]);
    const error = await refusal(sender.sendBatch(many(1_500)));
    expect(error).toMatchObject({ code: "unauthorized" });
    expect(error.events.length).toBe(1_500);
    expect(server.received.length).toBe(1);
  });

  test("what fails after a success is told per event, and the rest is not tried", async () => {
    const { server, sender } = await setup([accepted, { status: 503 }], { retries: 1 });
    const results = await sender.sendBatch(many(3_000));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(1_000).fill("accepted"),
      ...Array(2_000).fill("failed"),
    ]);
    expect(results[1_000]).toMatchObject({ event_id: "e-1000", code: "unavailable", deliveries: 0 });
    expect(server.received.length).toBe(3);
  });

  test("a request that is too large is halved until only the event at fault is left", async () => {
    const { server, sender } = await setup([
      (request) =>
        request.events.some(({ event_id }) => event_id === "e-2") ? { status: 413 } : accepted(request),
    ]);
    const results = await sender.sendBatch(many(5));
    expect(results.map(({ event_id, status }) => `${event_id} ${status}`)).toEqual([
      "e-0 accepted",
      "e-1 accepted",
      "e-2 failed",
      "e-3 accepted",
      "e-4 accepted",
    ]);
    expect(results[2]).toMatchObject({ code: "payload_too_large" });
    expect(idsOf(server).slice(0, 2)).toEqual([
      ["e-0", "e-1", "e-2", "e-3", "e-4"],
      ["e-0", "e-1", "e-2"],
    ]);
  });

  test("checks every event before the first request", async () => {
    const { server, sender } = await setup([accepted]);
    const events = [...many(1_000), { type: "", data: {} }];
    expect(await refusal(sender.sendBatch(events))).toMatchObject({
      code: "invalid_event",
      fields: { issues: [{ path: "events[1000].type" }] },
    });
    expect(server.received.length).toBe(0);
  });
});

describe("createSender", () => {
  test.each([
    ["url", { url: "localhost:4400" }],
    ["url", { url: "ftp://host" }],
    ["url", { url: "http://user:pass@host" }],
    ["apiKey", { apiKey: "" }],
    ["apiKey", { apiKey: "a\r\nx: y" }],
    ["retries", { retries: -1 }],
    ["timeoutMs", { timeoutMs: 0 }],
    ["tryTimeoutMs", { tryTimeoutMs: Number.NaN }],
  ])("refuses a wrong %s: %j", (option, wrong) => {
    expect(() => createSender({ url: "http://host", apiKey, ...wrong })).toThrow(
      expect.objectContaining({ code: "invalid_options", fields: { option } }),
    );
  });

  test("keeps the path of url, and uses the fetch it was given", async () => {
    const asked: unknown[] = [];
    const fetch: typeof globalThis.fetch = async (input) => {
      asked.push(input);
      return Response.json(
        { results: [{ event_id: "conv-1", status: "duplicate", deliveries: 3 }] },
        { status: 202 },
      );
    };
    const sender = createSender({ url: "https://host/postrider/?x=1", apiKey, fetch });
    expect(await sender.send(event)).toEqual({ event_id: "conv-1", status: "duplicate", deliveries: 3 });
    expect(asked).toEqual(["https://host/postrider/v1/events"]);
  });
});
