import { parseSecret, publicKeyOf, type Secret, verify } from "@postrider/protocol";
import { describe, expect, test } from "vitest";
import { endpointDefaults, type EndpointDocument } from "../core/documents.ts";
import { missingKeyNote } from "../core/missing-key.ts";
import type { DueDelivery, StoredKey } from "../ports/ledger.ts";
import type { Clock } from "../ports/clock.ts";
import { silentTelemetry } from "../ports/telemetry.ts";
import type { PostbackRequest } from "../ports/transport.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { benchStartMs as now, exchangeOf } from "../testing/dispatch-bench.ts";
import { attempt, type Attempted, putBackBroken, type Job } from "./attempt.ts";
import { holdOf, outcomeOf } from "./outcome.ts";
import { OwnFaults } from "./own-faults.ts";
import { compilePartner } from "./partner.ts";

const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`;
const key = (byte: number, more: Partial<StoredKey> = {}): StoredKey => ({
  scheme: "v1",
  secretText: secret(byte),
  retiresAtMs: null,
  ...more,
});

function jobOf(
  document: Partial<EndpointDocument> = {},
  delivery: Partial<DueDelivery> = {},
  keys: readonly StoredKey[] = [key(1)],
): Job {
  const full = {
    ...endpointDefaults,
    url: "https://partner.example/pb",
    body: "envelope" as const,
    ...document,
  };
  const settings = {
    partnerNo: 1,
    id: "acme",
    version: 1,
    ratePerSecond: null,
    burst: null,
    maxInFlight: 16,
    keys,
  };
  const partner = compilePartner(
    { ...settings, endpoints: [{ endpointNo: 10, id: "main", version: 3, document: full }] },
    new Set(),
  );
  const times = {
    acceptedAtMs: now - 1_000,
    dueAtMs: now - 500,
    enqueuedAtMs: now - 1_000,
    occurredAt: "2026-03-04T09:59:00Z",
  };
  const counts = {
    attemptsMade: 0,
    clientErrors: 0,
    attemptsBefore: 0,
    expiresAtMs: null,
    orderKey: null,
    item: null,
  };
  const facts = {
    id: "dlv-1",
    endpointNo: 10,
    eventId: "conv-1001",
    type: "conversion.approved",
    schemaVersion: 1,
    dataText: '{"amount":12.50}',
  };
  const due = { ...facts, ...times, ...counts, ...delivery };
  return { delivery: due, partner, endpoint: partner.endpoints.get(10)!, n: due.attemptsMade + 1 };
}

const toolsOf = (clock: Clock) => ({
  clock,
  random: () => 0.5,
  userAgent: "Postrider/test",
  transport: { send: async () => exchangeOf(200), close: async () => {} },
  refuse: async () => false,
});

/** Attempts a job against a partner that gives one answer; what was sent, and what came of it. */
async function run(job: Job, answer = exchangeOf(200), atMs = now) {
  const sent: PostbackRequest[] = [];
  let permits = 0;
  const transport = {
    send: async (request: PostbackRequest) => (sent.push(request), answer),
    close: async () => {},
  };
  const clock = {
    now: () => atMs,
    localNow: () => atMs,
    monotonicMs: () => 0,
    sleep: async () => {},
    after: () => () => {},
  };
  const random = () => 0.5;
  const ownFaults = new OwnFaults({ clock, random, telemetry: silentTelemetry });
  const tools = {
    transport,
    clock,
    random,
    ownFaults,
    userAgent: "Postrider/test",
    refuse: async () => false,
  };
  const attempted = await attempt(job, tools, new AbortController().signal, () => (permits += 1));
  return { sent, attempted, permits };
}
const headersOf = (request: PostbackRequest | undefined) => new Map(request?.headers);
const verified = (request: PostbackRequest | undefined, secret: Secret) =>
  verify(request?.body ?? "", Object.fromEntries(headersOf(request)), {
    secrets: [secret],
    now: new Date(now),
  });
const ended = (attempted: Attempted | null) =>
  attempted?.decision.kind === "finish" ? attempted.decision.reason : null;

describe("a request", () => {
  test("carries the envelope and headers that verify with the partner's secret", async () => {
    const { sent, attempted, permits } = await run(jobOf());
    const headers = headersOf(sent[0]);
    expect(sent).toHaveLength(1);
    expect(permits).toBe(1);
    expect(sent[0]).toMatchObject({ method: "POST", url: "https://partner.example/pb", timeoutMs: 10_000 });
    expect([...headers.keys()]).toEqual([
      "webhook-id",
      "webhook-timestamp",
      "webhook-signature",
      "content-type",
      "user-agent",
      "accept",
      "accept-encoding",
    ]);
    expect(headers.get("accept")).toBe("application/json, */*;q=0.8");
    expect(headers.get("accept-encoding")).toBe("identity");
    expect(headers.get("webhook-id")).toBe("dlv-1");
    expect(headers.get("webhook-timestamp")).toBe(String(now / 1_000));
    expect(headers.get("user-agent")).toBe("Postrider/test");
    await expect(verified(sent[0], parseSecret(secret(1)))).resolves.toMatchObject({ id: "dlv-1" });
    expect(String(sent[0]!.body)).toContain('"amount":12.50');
    expect(ended(attempted)).toBe("accepted_by_partner");
  });

  test("of a later attempt has the same id, a fresh timestamp and a signature of its own", async () => {
    const first = headersOf((await run(jobOf())).sent[0]);
    const later = headersOf(
      (await run(jobOf({}, { attemptsMade: 4 }), exchangeOf(200), now + 7_200_000)).sent[0],
    );
    expect(later.get("webhook-id")).toBe(first.get("webhook-id"));
    expect(later.get("webhook-timestamp")).toBe(String(now / 1_000 + 7_200));
    expect(later.get("webhook-signature")).not.toBe(first.get("webhook-signature"));
  });

  test("is signed with every live key, newest first, and with none that is retired", async () => {
    const keys = [key(1), key(2, { retiresAtMs: now + 1 }), key(3, { retiresAtMs: now })];
    const { sent } = await run(jobOf({}, {}, keys));
    const headers = Object.fromEntries(headersOf(sent[0]));
    expect(headers["webhook-signature"]!.split(" ")).toHaveLength(2);
    for (const byte of [1, 2])
      await expect(verified(sent[0], parseSecret(secret(byte)))).resolves.toBeDefined();
    await expect(verified(sent[0], parseSecret(secret(3)))).rejects.toMatchObject({
      code: "signature_mismatch",
    });
  });

  test("is signed by ed25519 where the endpoint asks for it", async () => {
    const privateKey = parseSecret(`whsk_${Buffer.alloc(32, 9).toString("base64")}`);
    const keys = [
      key(1),
      key(9, { scheme: "v1a", secretText: `whsk_${Buffer.alloc(32, 9).toString("base64")}` }),
    ];
    const { sent } = await run(jobOf({ signing: ["v1a"] }, {}, keys));
    const headers = Object.fromEntries(headersOf(sent[0]));
    expect(headers["webhook-signature"]).toMatch(/^v1a,[^ ]+$/);
    const publicKey = await publicKeyOf(privateKey);
    await expect(verified(sent[0], publicKey)).resolves.toMatchObject({ id: "dlv-1" });
  });

  test.each([17, 40])(
    "of %i live keys is signed with the newest 16, in a header that receivers read",
    async (count) => {
      const ending = (byte: number) => ({ retiresAtMs: now + 1_000 - byte });
      const privateKey = {
        scheme: "v1a",
        secretText: `whsk_${Buffer.alloc(32, 9).toString("base64")}`,
      } as const;
      // The one v1a key is the oldest, and must not be left out: it is all that its receivers can check.
      const keys = [
        key(1),
        ...Array.from({ length: count - 2 }, (_, n) => key(n + 2, ending(n))),
        key(0, privateKey),
      ];
      const { sent } = await run(jobOf({ signing: ["v1", "v1a"] }, {}, keys));
      const entries = Object.fromEntries(headersOf(sent[0]))["webhook-signature"]!.split(" ");
      expect(entries.map((entry) => entry.split(",")[0]).toSorted()).toEqual([
        ...Array(15).fill("v1"),
        "v1a",
      ]);
      for (const byte of [1, 2, 15])
        await expect(verified(sent[0], parseSecret(secret(byte)))).resolves.toBeDefined();
      await expect(verified(sent[0], parseSecret(secret(16)))).rejects.toMatchObject({
        code: "signature_mismatch",
      });
    },
  );

  test("without a scheme has no signature; the endpoint's own headers are kept", async () => {
    const own = { "user-agent": "Shop/1", Accept: "text/xml", "accept-encoding": "gzip" };
    const { sent } = await run(jobOf({ signing: [], headers: { "x-source": "shop", ...own } }));
    const names = sent[0]!.headers.map(([name]) => name);
    expect(names).not.toContain("webhook-signature");
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
    expect(headersOf(sent[0])).toEqual(
      expect.objectContaining(
        new Map([
          ["x-source", "shop"],
          ["user-agent", "Shop/1"],
          ["accept", "text/xml"],
          ["accept-encoding", "gzip"],
        ]),
      ),
    );
  });

  test("of a GET endpoint has its macros filled and no body", async () => {
    const job = jobOf(
      { method: "GET", url: "https://t.example/pb?a={data.amount!}&n={attempt}", body: "none" },
      { attemptsMade: 2 },
    );
    const { sent } = await run(job);
    expect(sent[0]).toMatchObject({ method: "GET", url: "https://t.example/pb?a=12.50&n=3", body: null });
  });
});

describe("nothing is sent", () => {
  test.each([
    ["no key at all", ["v1"], [], "v1"],
    ["a scheme without a key", ["v1a"], [key(1)], "v1a"],
    ["one of two schemes without a key", ["v1", "v1a"], [key(1)], "v1a"],
    ["a key that has retired", ["v1"], [key(1, { retiresAtMs: now })], "v1"],
  ] as const)("with %s: the delivery waits, its endpoint says why", async (_, signing, keys, scheme) => {
    const job = jobOf({ signing }, { attemptsMade: 3, attemptsBefore: 1 }, keys);
    const { sent, attempted, permits } = await run(job);
    expect([sent.length, permits]).toEqual([0, 0]);
    expect(attempted).toMatchObject({ verdict: { kind: "unsignable", scheme }, exchange: null });
    expect(holdOf(job, attempted!)).toEqual({ endpointNo: 10, untilMs: null, note: missingKeyNote(scheme) });
    // Due at once when the endpoint goes on, and no step of its ladder is spent.
    expect(outcomeOf(job, attempted!, 1).change).toMatchObject({
      kind: "retry",
      dueAtMs: now,
      attemptsBefore: 2,
    });
  });

  test("where a required macro has no value", async () => {
    const { sent, attempted, permits } = await run(
      jobOf({ method: "GET", url: "https://t.example/pb?c={data.click!}", body: "none" }),
    );
    expect([sent.length, permits]).toEqual([0, 0]);
    expect(ended(attempted)).toBe("missing_macro");
    expect(attempted!.error).toContain("missing_macro");
    expect(outcomeOf(jobOf(), attempted!, 1).attempt).toBeNull();
  });

  test("where a filter cannot take the value, which the error does not name", async () => {
    const url = "https://t.example/pb?c={data.amount|bool}";
    const { sent, attempted } = await run(jobOf({ method: "GET", url, body: "none" }));
    expect(sent).toEqual([]);
    expect(ended(attempted)).toBe("invalid_value");
    expect(attempted!.error).toContain("{data.amount} cannot be sent: |bool takes");
    expect(attempted!.error).not.toContain("12.50");
  });

  test("once the delivery's time is over", async () => {
    const retry = { ...endpointDefaults.retry, expires_after: "1s" };
    const late = await run(jobOf({ retry }), exchangeOf(200), now + 1);
    expect(late.sent).toHaveLength(0);
    expect(ended(late.attempted)).toBe("expired");
    expect((await run(jobOf({ retry }))).sent).toHaveLength(1);
  });

  test("to a target that is not allowed: it walks the slow ladder, each step an attempt, and ends as target_refused", async () => {
    const document = { url: "http://127.0.0.1:9/pb" };
    const first = await run(jobOf(document));
    expect(first.sent).toHaveLength(0);
    expect(first.attempted!.decision).toMatchObject({ kind: "retry", clientErrors: 1 });
    expect(outcomeOf(jobOf(document), first.attempted!, 1).attempt).toMatchObject({
      n: 1,
      status: null,
      error: expect.stringContaining("target_refused"),
    });
    const last = await run(jobOf(document, { attemptsMade: 3, clientErrors: 3 }));
    expect(ended(last.attempted)).toBe("target_refused");
  });
});

describe("an answer", () => {
  test("that never came because the process let go leaves the delivery as it was", async () => {
    const aborted = exchangeOf(null, { failure: { class: "aborted", message: "" } });
    expect((await run(jobOf(), aborted)).attempted).toBeNull();
  });

  test("with Retry-After is waited for, and holds the endpoint; 410 pauses it", async () => {
    const job = jobOf();
    const asked = (await run(job, exchangeOf(503, { retryAfter: "120" }))).attempted!;
    expect(asked.decision).toMatchObject({ kind: "retry", dueAtMs: now + 120_000 });
    expect(holdOf(job, asked)).toMatchObject({ endpointNo: 10, untilMs: now + 120_000 });
    const last = (
      await run(
        jobOf({ retry: { ...endpointDefaults.retry, schedule: [] } }),
        exchangeOf(503, { retryAfter: "120" }),
      )
    ).attempted!;
    expect(holdOf(job, last)).toMatchObject({ endpointNo: 10, untilMs: now + 120_000 });
    const gone = (await run(job, exchangeOf(410))).attempted!;
    expect(holdOf(job, gone)).toMatchObject({ endpointNo: 10, untilMs: null });
    expect(outcomeOf(job, gone, 1).change).toMatchObject({ kind: "retry", dueAtMs: now });
    expect(holdOf(job, (await run(job, exchangeOf(503))).attempted!)).toBeNull();
  });
});

describe("what Postrider itself could not send", () => {
  const lacks = exchangeOf(null, { failure: { class: "local", message: "no descriptor left (EMFILE)." } });

  test("goes back as it was, whatever it had behind it, and its endpoint waits", async () => {
    for (const counts of [{}, { attemptsMade: 9, attemptsBefore: 2 }, { attemptsMade: 3, clientErrors: 3 }]) {
      const job = jobOf({}, counts);
      const attempted = (await run(job, lacks)).attempted!;
      const { attempt, change } = outcomeOf(job, attempted, 7);
      expect(attempt).toBeNull();
      expect(change).toEqual({
        kind: "retry",
        dueAtMs: now,
        clientErrors: job.delivery.clientErrors,
        error: "local: no descriptor left (EMFILE).",
      });
      expect(holdOf(job, attempted)).toEqual({
        endpointNo: 10,
        untilMs: expect.toSatisfy((ms: number) => ms >= now + 2_000 && ms < now + 4_000),
        note: expect.stringMatching(/^Postrider itself could not send, .*EMFILE/),
      });
    }
  });

  test("for a fault in its code waits alone, and the words hold no data", () => {
    const job = jobOf({}, { attemptsMade: 9 });
    const clock = createManualClock(now);
    const ownFaults = new OwnFaults({ clock, random: () => 0.5, telemetry: silentTelemetry });
    const result = putBackBroken(job, new Error("amount 12.50"), { ...toolsOf(clock), ownFaults });
    expect(outcomeOf(job, result, 7)).toMatchObject({ fence: 7, attempt: null, change: { kind: "retry" } });
    expect(holdOf(job, result)).toBeNull();
    expect(result.error).not.toContain("12.50");
  });
});
