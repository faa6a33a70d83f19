import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ErrorCode } from "@postrider/contract";
import { describe, expect, expectTypeOf, test } from "vitest";
import { declaredRoutes } from "../../../apps/server/src/testing/answer-check.ts";
import { type Client, createClient } from "./client.ts";
import {
  ApiError,
  type ApiErrorCode,
  NoAnswerError,
  UnexpectedAnswerError,
  UnreachableError,
} from "./errors.ts";
import { readPages } from "./pages.ts";

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}

/** A client of a server that gives these answers, one after the other and the last for ever, and what it was asked. */
function clientOf(...answers: readonly (() => Response | Promise<Response>)[]) {
  const asked: Asked[] = [];
  const fetch = async (url: unknown, init: unknown): Promise<Response> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({ url: String(url), init: init as RequestInit });
    return answer === undefined ? Response.json({}) : answer();
  };
  return { asked, client: createClient({ url: "http://server.example/", apiKey: "prk_1", fetch }) };
}

const filter = { partner: "acme" };
const everyCall: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  accept: (client) => client.accept([]),
  event: (client) => client.event("x"),
  cancelEvent: (client) => client.cancelEvent("x"),
  listPartners: (client) => client.listPartners(),
  getPartner: (client) => client.getPartner("x"),
  putPartner: (client) => client.putPartner("x", { name: "Acme" }),
  deletePartner: (client) => client.deletePartner("x"),
  pausePartner: (client) => client.pausePartner("x"),
  resumePartner: (client) => client.resumePartner("x"),
  rotateSecret: (client) => client.rotateSecret("x"),
  keys: (client) => client.keys("x"),
  listSecrets: (client) => client.listSecrets("x"),
  putSecret: (client) => client.putSecret("x", "x", { value: "s3cret" }),
  deleteSecret: (client) => client.deleteSecret("x", "x"),
  listEndpoints: (client) => client.listEndpoints("x"),
  getEndpoint: (client) => client.getEndpoint("x", "x"),
  putEndpoint: (client) =>
    client.putEndpoint("x", "x", { url: "https://a.example/", retry: { jitter: "none" } }),
  deleteEndpoint: (client) => client.deleteEndpoint("x", "x"),
  previewEndpoint: (client) =>
    client.previewEndpoint("x", "x", { document: { url: "https://a.example/" }, event: { data: {} } }),
  testEndpoint: (client) => client.testEndpoint("x", "x"),
  endpointVersions: (client) => client.endpointVersions("x", "x"),
  endpointVersion: (client) => client.endpointVersion("x", "x", 1),
  restoreEndpoint: (client) => client.restoreEndpoint("x", "x", 1),
  attemptRequest: (client) => client.attemptRequest("x"),
  resumeEndpoint: (client) => client.resumeEndpoint("x", "x"),
  reclassify: (client) => client.reclassify("x", "x"),
  endpointWarnings: (client) => client.endpointWarnings(),
  listDeliveries: (client) => client.listDeliveries(),
  delivery: (client) => client.delivery("x"),
  groups: (client) => client.groups(),
  cancel: (client) => client.cancel({ filter }),
  retryNow: (client) => client.retryNow({ filter }),
  createReplay: (client) => client.createReplay({ filter }),
  listReplays: (client) => client.listReplays(),
  replay: (client) => client.replay("x"),
  cancelReplay: (client) => client.cancelReplay("x"),
  status: (client) => client.status(),
  reasons: (client) => client.reasons(),
  conservation: (client) => client.conservation(),
  openApi: (client) => client.openApi(),
};

test("each route has its function, apart from what machines ask without a key", async () => {
  const { client, asked } = clientOf();
  for (const call of Object.values(everyCall)) await call(client);
  const called = asked.map(({ url, init }) => `${init.method} ${new URL(url).pathname}`);
  const machines = new Set(["/healthz", "/readyz", "/metrics"]);
  const routes = declaredRoutes().filter(({ path }) => !machines.has(path));
  const filled = (path: string) =>
    path
      .replace("{version}", "1")
      .replace("{n}", "last")
      .replaceAll(/\{[^}]+\}/g, "x");
  expect(called.toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${filled(path)}`).toSorted());
  const helpers = ["url", "allPartners", "allDeliveries"];
  expect([...Object.keys(everyCall), ...helpers].toSorted()).toEqual(Object.keys(client).toSorted());
});

test("a call has the key, and ids are escaped", async () => {
  const { client, asked } = clientOf();
  await client.event("a/b ?");
  await client.listDeliveries({ state: "dead", limit: 2, cursor: undefined });
  expect(asked.map(({ url }) => url)).toEqual([
    "http://server.example/v1/events/a%2Fb%20%3F",
    "http://server.example/v1/deliveries?state=dead&limit=2",
  ]);
  expect(asked[0]?.init.headers).toMatchObject({ authorization: "Bearer prk_1" });
});

test("numbers keep their digits, when they are read and when they are put back", async () => {
  const text = '{"url":"https://a.example/","body":{"rate":10.50,"id":12345678901234567890}}';
  const { client, asked } = clientOf(() => new Response(text));
  const { url, body } = await client.getEndpoint("acme", "main");
  await client.putEndpoint("acme", "main", { url, body });
  await client.accept(['{"event_id":"1","data":{"payout":1.50}}']);
  expect(asked.map(({ init }) => init.body)).toEqual([
    null,
    text,
    '{"events":[{"event_id":"1","data":{"payout":1.50}}]}',
  ]);
});

test("pages are read to the last", async () => {
  const { client, asked } = clientOf(
    () => Response.json({ partners: [{ id: "a" }, { id: "b" }], next_cursor: "next" }),
    () => Response.json({ partners: [{ id: "c" }] }),
  );
  const ids: string[] = [];
  for await (const { id } of client.allPartners()) ids.push(id);
  expect(ids).toEqual(["a", "b", "c"]);
  expect(asked.map(({ url }) => new URL(url).search)).toEqual(["?limit=500", "?limit=500&cursor=next"]);
});

test("a server that answers with the same page twice is not asked for ever", async () => {
  const { client, asked } = clientOf(() => Response.json({ partners: [{ id: "a" }], next_cursor: "next" }));
  const read = (cursor: string | undefined) => client.listPartners({ cursor });
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const page of readPages(read, "first")) seen.push(page);
  })();
  await expect(reading).rejects.toBeInstanceOf(UnexpectedAnswerError);
  expect([asked.length, seen.length]).toEqual([2, 2]);
});

describe("a failed call", () => {
  test("of a server that refuses has its status, code, hint, issues and wait", async () => {
    const issues = [{ path: "rate", message: "must be at least 1" }];
    const error = { code: "invalid_request", message: "No.", hint: "Do.", issues };
    const { client } = clientOf(() =>
      Response.json({ error }, { status: 400, headers: { "retry-after": "7" } }),
    );
    const failed = client.getPartner("acme");
    await expect(failed).rejects.toBeInstanceOf(ApiError);
    await expect(failed).rejects.toMatchObject({ ...error, status: 400, retryAfterSeconds: 7 });
  });

  test("has a code that is known by its type, or one that a newer server has", async () => {
    const { client } = clientOf(() =>
      Response.json({ error: { code: "brand_new", message: "No." } }, { status: 409 }),
    );
    const error: unknown = await client.status().catch((thrown: unknown) => thrown);
    expect((error as ApiError).code).toBe("brand_new");
    const known: ErrorCode = "ledger_full";
    const codes: ApiErrorCode[] = [known, "brand_new"];
    expect(codes).toHaveLength(2);
    expectTypeOf<ApiErrorCode>().not.toEqualTypeOf<string>();
  });

  test("of a batch that was refused is its results", async () => {
    const results = [{ event_id: "1", status: "conflict", deliveries: 0 }];
    const { client } = clientOf(() =>
      Response.json({ error: { code: "conflict" }, results }, { status: 409 }),
    );
    expect(await client.accept(["{}"])).toMatchObject({ results });
  });

  test.each([
    ["a page of a proxy", () => new Response("<html>", { status: 502 })],
    ["an answer that is no JSON", () => new Response("hello")],
    ["an error of something else", () => Response.json({ error: "no" }, { status: 404 })],
    ["null", () => Response.json(null)],
  ])("that got %s is not understood", async (_, answer) => {
    await expect(clientOf(answer).client.status()).rejects.toBeInstanceOf(UnexpectedAnswerError);
  });

  test("without a connection says why", async () => {
    const { client } = clientOf(() => {
      throw new TypeError("fetch failed", {
        cause: Object.assign(new Error("no"), { code: "ECONNREFUSED" }),
      });
    });
    const failed = client.status();
    await expect(failed).rejects.toBeInstanceOf(UnreachableError);
    await expect(failed).rejects.toMatchObject({ code: "unreachable", detail: "ECONNREFUSED" });
  });

  test("without an answer in time, and one that was aborted, are told apart", async () => {
    const fetch = (_url: unknown, init: RequestInit | undefined) =>
      new Promise<Response>((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
      });
    const client = createClient({ url: "http://server.example", apiKey: null, fetch });
    await expect(client.status({ timeoutMs: 1 })).rejects.toBeInstanceOf(NoAnswerError);
    const controller = new AbortController();
    const aborted = client.status({ signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    await expect(aborted).rejects.toThrow("changed my mind");
    await expect(client.status({ signal: controller.signal })).rejects.toThrow("changed my mind");
  });
});

test("the sources run in a browser: no module of Node, and of the contract only what has no zod", () => {
  const sources = readdirSync(import.meta.dirname).filter((name) => !name.endsWith(".test.ts"));
  for (const name of sources) {
    const text = readFileSync(join(import.meta.dirname, name), "utf8");
    const loaded = [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*? from "([^"]+)";$/gm)].map(
      ([, module]) => module,
    );
    const foreign = loaded.filter((module) => !module?.startsWith("./"));
    expect([name, foreign]).toEqual([name, name === "call.ts" ? ["@postrider/contract/exact-json"] : []]);
  }
});
