import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import Koa from "koa";
import { afterEach, describe, expect, test, vi } from "vitest";
import { parseSecret, sign } from "@postrider/protocol";
import { diagnose, type Endpoint, type Failure, handle } from "@postrider/receiver";
import { expressHandler } from "@postrider/receiver/express";
import { rawBody as fastifyRawBody } from "@postrider/receiver/fastify";
import { koaMiddleware } from "@postrider/receiver/koa";
import { lambdaHandler } from "@postrider/receiver/lambda";
import { memoryStore } from "@postrider/receiver/memory";
import { nextPagesHandler } from "@postrider/receiver/next-pages";
import { webHandler } from "@postrider/receiver/web";
import { expressApp } from "./express.ts";
import { fastifyApp } from "./fastify.ts";
import { honoApp } from "./hono.ts";
import { koaApp } from "./koa.ts";
import { lambda } from "./lambda.ts";
import { nestApp } from "./nest.ts";
import { nextRoute } from "./next-pages.ts";
import { nodeServer } from "./node.ts";
import { postbackEndpoint } from "./postback-endpoint.ts";

const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const other = "whsec_WmFob3Z9hIuSmaCnrrW8w8rR2N/m7fT7AAECAwQFBgc=";
const text = '{"id":"conv-1","type":"a.b","schema_version":1,"data":{"payout":1.10,"city":"Zürich"}}';
const nowSeconds = () => Math.floor(Date.now() / 1000);

type Post = (
  body: string | Uint8Array,
  headers: Record<string, string>,
) => Promise<{ status: number; body: string }>;
const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function overHttp(server: Server): Promise<Post> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return async (body, headers) => {
    const init = {
      method: "POST",
      body,
      headers: { "content-type": "application/json", connection: "close", ...headers },
    };
    const response = await fetch(`http://127.0.0.1:${port}/postbacks`, init);
    return { status: response.status, body: await response.text() };
  };
}

const lambdaPost =
  (version: 1 | 2, base64: boolean, run: ReturnType<typeof lambda>): Post =>
  async (body, headers) => {
    const raw = Buffer.from(body);
    const result = await run({
      ...(version === 1 && {
        multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]])),
      }),
      headers,
      body: raw.toString(base64 ? "base64" : "utf8"),
      isBase64Encoded: base64,
    });
    return { status: result.statusCode, body: result.body };
  };

/** Every framework with its example: what a partner would deploy. */
const frameworks: Record<string, (endpoint: Endpoint) => Promise<Post>> = {
  "web (Hono)": async (endpoint) => async (body, headers) => {
    const response = await honoApp(endpoint).request("/postbacks", {
      method: "POST",
      body,
      headers,
    });
    return { status: response.status, body: await response.text() };
  },
  node: (endpoint) => overHttp(nodeServer(endpoint)),
  express: (endpoint) => overHttp(createServer(expressApp(endpoint) as RequestListener)),
  // Express 4 waits for no handler, so that one that rejects is an unhandled rejection.
  "express 4": (endpoint) =>
    overHttp(createServer((request, response) => void expressHandler(endpoint)(request, response))),
  fastify: async (endpoint) => {
    const app = await fastifyApp(endpoint);
    await app.ready();
    closers.push(() => app.close());
    return async (body, headers) => {
      const answer = await app.inject({
        method: "POST",
        url: "/postbacks",
        headers: { "content-type": "application/json", ...headers },
        payload: Buffer.from(body),
      });
      return { status: answer.statusCode, body: answer.body };
    };
  },
  koa: (endpoint) => overHttp(createServer(koaApp(endpoint).callback() as RequestListener)),
  nest: async (endpoint) => {
    const app = await nestApp(endpoint);
    await app.init();
    return overHttp(createServer(app.getHttpAdapter().getInstance() as RequestListener));
  },
  "next pages": (endpoint) =>
    overHttp(createServer((request, response) => void nextRoute(endpoint)(request, response))),
  "lambda v1": async (endpoint) => lambdaPost(1, false, lambda(endpoint)),
  "lambda v2": async (endpoint) => lambdaPost(2, true, lambda(endpoint)),
};

interface Mistake {
  cause: string;
  body?: string | Uint8Array;
  headers?: (headers: Record<string, string>) => Record<string, string>;
  timestamp?: number;
  secrets?: string;
}

/** Deliberate mistakes that can happen behind any adapter, on the way or in the set-up. */
const mistakes: Mistake[] = [
  { cause: "body_reserialised", body: JSON.stringify(JSON.parse(text)) },
  { cause: "body_trailing_newline", body: `${text}\n` },
  { cause: "body_charset_changed", body: Buffer.from(Buffer.from(text).toString("latin1")) },
  {
    cause: "body_base64_not_decoded",
    body: Buffer.from(text).toString("base64"),
    // Not JSON: a global express.json() would refuse it before the adapter sees it.
    headers: (h) => ({ ...h, "content-type": "text/plain" }),
  },
  { cause: "body_empty", body: "" },
  { cause: "secret_of_another_endpoint", secrets: other },
  { cause: "secret_not_base64", secrets: `"${secret}"` },
  { cause: "clock_off", timestamp: -4000 },
  {
    cause: "timestamp_in_milliseconds",
    headers: (h) => ({ ...h, "webhook-timestamp": `${h["webhook-timestamp"]}000` }),
  },
  { cause: "header_missing", headers: ({ "webhook-id": _id, ...rest }) => rest },
  {
    cause: "header_renamed",
    headers: ({ "webhook-id": id = "", ...rest }) => ({ ...rest, "x-webhook-id": id }),
  },
  { cause: "header_duplicated", headers: (h) => ({ ...h, "webhook-id": `${h["webhook-id"]}, msg_2` }) },
];

const signed = async (ahead = 0): Promise<Record<string, string>> =>
  sign(text, { id: "msg_1", timestampSeconds: nowSeconds() + ahead, secrets: [parseSecret(secret)] });

function explaining(secrets: string, onError: (failure: Failure) => void = () => {}): Endpoint {
  return handle({
    secrets,
    onError,
    store: memoryStore(),
    handler: () => {},
    explain: (body, headers, options) =>
      diagnose(body, headers, { ...options, knownSecrets: { production: secret } }),
  });
}

describe.each(Object.entries(frameworks))("%s", (_, start) => {
  test("the example accepts a signed postback once, and answers a repeat the same", async () => {
    const received: unknown[] = [];
    const post = await start(postbackEndpoint(secret, (id, body) => void received.push([id, body])));
    const headers = await signed();
    expect(await post(text, headers)).toEqual({ status: 200, body: "ok" });
    expect(await post(text, headers)).toEqual({ status: 200, body: "ok" });
    expect(received).toEqual([["msg_1", JSON.parse(text)]]);
  });

  test.each(mistakes)(
    "the doctor finds: $cause",
    async ({ cause, body = text, headers = (h) => h, timestamp, secrets = secret }) => {
      const post = await start(explaining(secrets));
      const answer = await post(body, headers(await signed(timestamp)));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const report = JSON.parse(answer.body) as { findings: Array<{ cause: string }> };
      expect(report.findings.map((finding) => finding.cause)).toEqual([cause]);
      expect(answer.body).not.toContain(secret.slice(6));
    },
  );

  test.each<[string, unknown]>([
    ["null", null],
    ["a row", { id: 7, status: "approved" }],
    ["a status that no answer has", { status: 1000 }],
    ["an interim status", { status: 102 }],
    ["a status as text", { status: "500" }],
    ["a body that is no text", { status: 200, body: { saved: true } }],
  ])("a handler that returned %s has done its work once", async (_, value) => {
    let runs = 0;
    const handler = () => {
      runs += 1;
      return value as never;
    };
    const post = await start(handle({ secrets: secret, onError: () => {}, store: memoryStore(), handler }));
    const headers = await signed();
    for (let n = 0; n < 2; n++) expect(await post(text, headers)).toMatchObject({ status: 200 });
    expect(runs).toBe(1);
  });

  test("hooks that throw or reject break no answer", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on("unhandledRejection", unhandled);
    const thrown = (): never => {
      throw new Error("hook");
    };
    const hooks = [thrown, async () => thrown()] as const;
    for (const onError of hooks)
      for (const explain of hooks) {
        const options = { secrets: secret, onError, explain, store: memoryStore(), handler: thrown };
        const post = await start(handle(options));
        expect(await post(text, {})).toEqual({ status: 400, body: '{"error":"header_missing"}' });
        expect(await post(text, await signed())).toEqual({ status: 500, body: '{"error":"failed"}' });
      }
    await new Promise(setImmediate);
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    // Each of four: onError twice, explain once.
    expect(said).toHaveBeenCalledTimes(12);
    said.mockRestore();
  });

  test("413 above the limit", async () => {
    const endpoint = handle({
      secrets: secret,
      onError: () => {},
      store: memoryStore(),
      handler: () => {},
      maxBodyBytes: 10,
    });
    expect((await (await start(endpoint))(text, await signed())).status).toBe(413);
  });
});

/** What a framework does to the body before the adapter sees it. Each must be refused with the remedy in words. */
describe("a body that was parsed before", () => {
  const failures: Failure[] = [];
  const endpoint = () => explaining(secret, (failure) => failures.push(failure));
  const drained = async (request: IncomingMessage): Promise<string> => {
    let read = "";
    for await (const chunk of request) read += String(chunk);
    return read;
  };

  const cases: Array<[string, string, () => Promise<Post>]> = [
    [
      "express, a global express.json()",
      "keepRawBody",
      () =>
        overHttp(
          createServer(
            express().use(express.json()).post("/postbacks", expressHandler(endpoint())) as RequestListener,
          ),
        ),
    ],
    [
      "koa, a body parser",
      "above it",
      () => {
        const app = new Koa().use(async (context, next) => {
          (context.request as { body?: unknown }).body = JSON.parse(await drained(context.req));
          await next();
        });
        return overHttp(createServer(app.use(koaMiddleware(endpoint())).callback() as RequestListener));
      },
    ],
    [
      "nest, without rawBody",
      "rawBody: true",
      async () => {
        const app = await nestApp(endpoint(), false);
        await app.init();
        return overHttp(createServer(app.getHttpAdapter().getInstance() as RequestListener));
      },
    ],
    [
      "next pages, its parser on",
      "bodyParser: false",
      () =>
        overHttp(
          createServer((request, response) => {
            void drained(request).then((body) =>
              nextPagesHandler(endpoint())(
                Object.assign(request, { body: JSON.parse(body) as unknown }),
                response,
              ),
            );
          }),
        ),
    ],
    [
      "web, request.json() before",
      "request.clone()",
      async () => async (body, headers) => {
        const request = new Request("https://x.example/", { method: "POST", body, headers });
        await request.json();
        const response = await webHandler(endpoint())(request);
        return { status: response.status, body: await response.text() };
      },
    ],
    [
      "lambda, a parsing middleware",
      "http-json-body-parser",
      async () => async (body, headers) => {
        const result = await lambdaHandler(endpoint())({
          headers,
          body: JSON.parse(String(body)) as unknown,
        });
        return { status: result.statusCode, body: result.body };
      },
    ],
  ];

  test.each(cases)("%s: says %s", async (_, remedy, start) => {
    failures.length = 0;
    expect(await (await start())(text, await signed())).toEqual({
      status: 500,
      body: '{"error":"body_already_parsed"}',
    });
    expect(failures[0]?.error).toMatchObject({
      code: "body_already_parsed",
      message: expect.stringContaining(remedy),
    });
  });

  test("fastify, its JSON parser: says fastifyPostbacks", () => {
    expect(() => fastifyRawBody({ body: {}, raw: { headers: {}, on: () => {} } })).toThrow(
      "fastifyPostbacks",
    );
  });

  test("lambda, a body that only claims to be base64", async () => {
    const result = await lambdaHandler(endpoint())({
      headers: await signed(),
      body: "{not base64}",
      isBase64Encoded: true,
    });
    expect(result).toMatchObject({ statusCode: 500, body: '{"error":"body_not_base64"}' });
  });
});
