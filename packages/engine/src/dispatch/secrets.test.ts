/** Secrets and constants of a partner in dispatch: sent, waited for, hidden in what is kept of answers. */
import { expect, test } from "vitest";
import { endpointDefaults, type EndpointDocument } from "../core/documents.ts";
import { lackNote } from "../core/lack.ts";
import type { OperatorEvent } from "../core/operator-events.ts";
import type { PartnerSettings } from "../ports/ledger.ts";
import type { PostbackRequest } from "../ports/transport.ts";
import { benchStartMs, exchangeOf, startDispatchBench } from "../testing/dispatch-bench.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { memoryKey } from "../testing/memory-ledger.ts";
import { compilePartner } from "./partner.ts";
import { sendTestPostback } from "./test-postback.ts";

const token = "123456:AA-s3cret";
const key = "key/s3cret+value";
const secrets = new Map([
  ["token", token],
  ["key", key],
]);
const document: Partial<EndpointDocument> = {
  url: "https://partner.example/bot{secret.token}/send?k={secret.key}&c={const.currency}",
  headers: { authorization: "Bearer {secret.token}" },
  body: { key: "{secret.key}", text: "key {secret.key}." },
  signing: [],
};

test.each([
  ["secret", "token", { secrets: new Map([["key", key]]), constants: { currency: "EUR" } }],
  ["constant", "currency", { secrets }],
] as const)(
  "an endpoint whose %s %s is missing gets nothing, is paused with its backlog, spends no step, and goes on with it",
  async (kind, name, some) => {
    const told: OperatorEvent[] = [];
    const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200 }), {
      operatorEvents: { tell: (event) => void told.push(event), windowMs: 3_600_000 },
    });
    ledger.putPartner(1, some, [document, {}]);
    ledger.enqueue(10, 30, clock.now());
    const [other] = ledger.enqueue(11, 1, clock.now());
    turns.ring([1]);
    await clock.advance(2_000);
    expect(seen.map(({ id }) => id)).toEqual([other]);
    expect(ledger.holds).toContainEqual({ endpointNo: 10, untilMs: null, note: lackNote({ kind, name }) });
    expect(ledger.pending.size).toBe(30);
    for (const { attemptsMade, attemptsBefore } of ledger.pending.values())
      expect(attemptsBefore).toBe(attemptsMade);
    expect(new Set(told.map(({ type, data }) => `${type} ${data["cause"]}`))).toEqual(
      new Set([`endpoint.disabled ${kind}_missing`]),
    );
    ledger.putPartner(1, { secrets, constants: { currency: "EUR" } }, [document, {}]);
    ledger.resume(10);
    turns.ring([1]);
    await clock.advanceUntil(() => ledger.finished.size === 31, 2_000);
    const sent = seen.filter(({ id }) => id !== other).map(({ request }) => request.url);
    expect(new Set(sent)).toEqual(
      new Set([`https://partner.example/bot123456:AA-s3cret/send?k=key%2Fs3cret%2Bvalue&c=EUR`]),
    );
  },
);

test("what is kept and told of an answer has no secret, whatever the partner repeats; what it means is judged before", async () => {
  const echo = (request: PostbackRequest) =>
    `${request.url} ${JSON.stringify(request.headers)} ${String(request.body)} ${Buffer.from(`me:${token}`).toString("base64")}`;
  const attempts: unknown[] = [];
  const { ledger, turns, clock } = await startDispatchBench(
    ({ request }) => ({ status: 302, more: { responseBody: echo(request), location: request.url } }),
    { telemetry: { attempt: (event) => void attempts.push(event), turn() {}, fault() {} } },
  );
  ledger.putPartner(1, { secrets, constants: { currency: "EUR" } }, [document]);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.attempts.length === 1, 2_000);
  const kept = JSON.stringify([ledger.attempts, [...ledger.pending.values()], attempts, ledger.holds]);
  expect(kept).not.toMatch(/s3cret|MTIzNDU2|M2NyZX|zNjcmV0|czNjcm/);
  expect(ledger.attempts[0]).toMatchObject({
    error: "status 302: redirect to https://partner.example/…/send",
    responseBody: expect.stringContaining('"Bearer {secret.token}"'),
  });
});

test("a test postback sends secrets and shows them by their names", async () => {
  const sent: PostbackRequest[] = [];
  const { partner, endpoint } = compiled({ secrets, constants: { currency: "EUR" } });
  const answered = await sendTestPostback(partner, endpoint, "id-1", {
    transport: {
      send: async (request) => {
        sent.push(request);
        return { ...exchangeOf(200), responseBody: `got ${request.url}` };
      },
      close: async () => {},
    },
    clock: createManualClock(benchStartMs),
    userAgent: "test",
  });
  expect(sent[0]!.url).toContain("/bot123456:AA-s3cret/");
  expect(new Map(sent[0]!.headers).get("authorization")).toBe(`Bearer ${token}`);
  expect(answered).toMatchObject({
    request: {
      url: "https://partner.example/bot{secret.token}/send?k={secret.key}&c=EUR",
      headers: { authorization: "Bearer {secret.token}" },
      body: '{"key":"{secret.key}","text":"key {secret.key}."}',
    },
    response: { body: "got https://partner.example/bot{secret.token}/send?k={secret.key}&c=EUR" },
  });
  expect(JSON.stringify(answered)).not.toContain("s3cret");
});

test("a test postback without its secret sends nothing and says which one is missing", async () => {
  const { partner, endpoint } = compiled({
    secrets: new Map([["key", key]]),
    constants: { currency: "EUR" },
  });
  const answered = await sendTestPostback(partner, endpoint, "id-1", {
    transport: { send: async () => expect.unreachable(), close: async () => {} },
    clock: createManualClock(benchStartMs),
    userAgent: "test",
  });
  expect(answered.error).toBe(
    "nothing was sent: secret_missing: the endpoint uses {secret.token}, which the partner does not have",
  );
});

test("of several constants that are missing the one that is needed is waited for, not one with a default", () => {
  const url = 'https://partner.example/?a={const.a|default:"1"}&b={const.b}&c={const.c?}';
  const endpoint = { ...endpointDefaults, body: "none" as const, url };
  const lackOf = (constants: Record<string, string>) => compiled({ constants }, endpoint).endpoint.lack;
  expect(lackOf({ c: "3" })).toEqual({ kind: "constant", name: "b" });
  expect(lackOf({ b: "2" })).toBeNull();
});

test("a partner without secrets has nothing that looks at answers", () => {
  expect(compiled({ constants: { currency: "EUR" } }).partner.mask).toBeNull();
});

function compiled(
  some: Partial<PartnerSettings>,
  endpoint: EndpointDocument = { ...endpointDefaults, body: "none", url: "", ...document },
) {
  const partner = compilePartner(
    {
      partnerNo: 1,
      id: "acme",
      version: 1,
      ratePerSecond: null,
      burst: null,
      maxInFlight: 1,
      keys: [memoryKey],
      endpoints: [{ endpointNo: 10, id: "main", version: 1, document: endpoint }],
      ...some,
    },
    new Set(),
  );
  return { partner, endpoint: partner.endpoints.get(10)! };
}

test("what filters make of a secret is hidden in the request and the answer of a test as the secret is", async () => {
  const url =
    'https://partner.example/?a={secret.token|truncate:12}&b={secret.key|replace:"/",""}&c={secret.key|sha256}';
  const { partner, endpoint } = compiled(
    { secrets },
    { ...endpointDefaults, body: "none", url, signing: [] },
  );
  const transport = {
    send: ({ url: sent }: PostbackRequest) => Promise.resolve(exchangeOf(200, { responseBody: sent })),
    close: () => Promise.resolve(),
  };
  const tools = { transport, clock: createManualClock(benchStartMs), userAgent: "Postrider/test" };
  const { request, response, error } = await sendTestPostback(partner, endpoint, "id-1", tools);
  expect(error).toBeNull();
  expect(request.url).toBe("https://partner.example/?a={secret.token}&b={secret.key}&c={secret.key}");
  expect(response.body).toBe(request.url);
});
