import type { IncomingMessage, ServerResponse } from "node:http";
import { PostriderError } from "@postrider/engine";
import type { Slices } from "@postrider/engine/json-text";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { HostCheck } from "./allowed-hosts.ts";
import type { BodyBudget } from "./body-budget.ts";
import { documentLimits, readDocument, storable } from "./document-check.ts";
import { failureAnswer, refusal } from "./failure.ts";
import { checked } from "./issues.ts";
import type { Keyring } from "./keyring.ts";
import type { ProcessorSlices } from "./processor-slices.ts";
import { type Body, bodyText, checkCoding, checkMediaType, ClientGone, readBody } from "./request-body.ts";
import type { Answer, Call, Route } from "./route.ts";

/** What the app needs of the rest of the server. */
export interface AppParts {
  readonly keyring: Keyring;
  readonly checkHost: HostCheck;
  /** False: this process has no role `api`, so nothing is under /v1. */
  readonly api: boolean;
  readonly maxBodyBytes: number;
  readonly bodies: BodyBudget;
  readonly processor: ProcessorSlices;
  readonly now: () => number;
  readonly stopping: () => boolean;
  /** A fault that the caller is not told. */
  readonly report: (fault: { requestId: string; error: unknown }) => void;
  /** A request was answered. `path` is the route's, never the caller's. */
  readonly answered: (request: { method: string; path: string; status: number; durationMs: number }) => void;
}

type Server = { Bindings: HttpBindings };

/** The router over the routes. The framework finds the route and writes the answer; everything between is ours. */
export function createApp(routes: readonly Route[], parts: AppParts): Hono<Server> {
  const app = new Hono<Server>();
  for (const route of routes) {
    app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
      const startedAt = performance.now();
      const answer = await answerOf(
        route,
        c.env,
        () => c.req.param(),
        () => c.req.queries(),
        parts,
      );
      parts.answered({
        method: route.method,
        path: route.path,
        status: answer.status,
        durationMs: performance.now() - startedAt,
      });
      return responseOf(answer);
    });
  }
  const others = routes.map(({ path, method }) => ({
    method,
    form: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  }));
  app.notFound((c) => responseOf(unrouted(c.req.path, c.env.incoming, others, parts)));
  app.onError((error) => responseOf(failureAnswer(error, parts.report)));
  return app;
}

/** One call, from its headers to its answer. */
async function answerOf(
  route: Route,
  { incoming: request, outgoing }: Pick<HttpBindings, "incoming" | "outgoing">,
  params: () => unknown,
  queries: () => Record<string, string[]>,
  parts: AppParts,
): Promise<Answer> {
  let body: Body | undefined;
  try {
    parts.checkHost(request.headers.host);
    const slices = parts.processor.begin();
    if (route.open)
      return await route.handle({
        params: null,
        query: null,
        body: null,
        caller: "",
        nowMs: parts.now(),
        slices,
      } as never);
    const key = parts.keyring.identify(request.headers.authorization, request.socket.remoteAddress);
    if (parts.stopping())
      throw new PostriderError("shutting_down", "This process is stopping.", {
        hint: "Send again: to another process, or to this one after its restart.",
      });
    if (route.body !== null) {
      const most = Math.min(route.limits?.bytes ?? parts.maxBodyBytes, parts.maxBodyBytes);
      checkCoding(request.headers["content-encoding"]);
      body = await readBody(request, most, parts.bodies);
    }
    const call = {
      params: route.params === null ? null : checked(route.params, storable(params(), "path"), "path"),
      query:
        route.query === null ? null : checked(route.query, storable(singles(queries()), "query"), "query"),
      body: body === undefined ? null : await bodyOf(route, request, body.bytes, slices),
      caller: key.name,
      nowMs: parts.now(),
      get signal() {
        return goneSignal(outgoing);
      },
      slices,
    } satisfies Call<unknown, unknown, unknown>;
    return await route.handle(call as never);
  } catch (error) {
    return failureAnswer(error, parts.report);
  } finally {
    body?.release();
  }
}

/** Made only for routes that ask for it: most never do. */
function goneSignal(response: Pick<ServerResponse, "once" | "destroyed">): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort(new ClientGone());
  else response.once("close", () => gone.abort(new ClientGone()));
  return gone.signal;
}

/** Bodies from this size on wait for a slice of their own before they are read. */
const largeBytes = 64 * 1024;

/** The body: checked, or as its text if the route asks for that. */
async function bodyOf(
  route: Route,
  request: IncomingMessage,
  bytes: Buffer,
  slices: Slices,
): Promise<unknown> {
  if (route.body === null) return null;
  if (bytes.length === 0) return checked(route.body, undefined, "body, which is missing,");
  checkMediaType(request.headers["content-type"]);
  if (bytes.length > largeBytes) await slices.next();
  const text = bodyText(bytes);
  if (route.rawBody) return text;
  return readDocument(route.body, text, route.limits ?? documentLimits);
}

/** Each query key once. @throws PostriderError `invalid_request` */
function singles(queries: Record<string, string[]>): Record<string, string> {
  const repeated = Object.keys(queries).filter((name) => (queries[name]?.length ?? 0) > 1);
  if (repeated.length > 0) {
    throw new PostriderError("invalid_request", `The query names ${repeated.join(", ")} more than once.`, {
      issues: repeated.map((path) => ({ path, message: "must be given once" })),
    });
  }
  return Object.fromEntries(Object.entries(queries).map(([name, values]) => [name, values[0] ?? ""]));
}

/** 405 where the path exists with another method, else 404. Callers without a key learn nothing about /v1. */
function unrouted(
  path: string,
  request: IncomingMessage,
  routes: readonly { method: string; form: RegExp }[],
  parts: AppParts,
): Answer {
  try {
    parts.checkHost(request.headers.host);
    if (path.startsWith("/v1"))
      parts.keyring.identify(request.headers.authorization, request.socket.remoteAddress);
    const methods = routes.filter(({ form }) => form.test(path)).map(({ method }) => method);
    if (methods.length === 0 && path.startsWith("/v1") && !parts.api) {
      throw new PostriderError("not_found", "This process has no role api, so nothing is under /v1.", {
        hint: "Call a process that has it: POSTRIDER_ROLES=api or api,worker.",
      });
    }
    if (methods.length === 0) {
      throw new PostriderError("not_found", "There is nothing under this path.", {
        hint: "GET /openapi.json lists every path.",
      });
    }
    const allow = methods.join(", ");
    return refusal(
      new PostriderError("method_not_allowed", `This path takes ${allow}.`, {
        hint: "GET /openapi.json lists every path.",
      }),
      { allow },
    );
  } catch (error) {
    return failureAnswer(error, parts.report);
  }
}

/** On every answer: it is never a page, and no cache may keep it, because it may hold a signing secret. */
const everyAnswer = { "x-content-type-options": "nosniff", "cache-control": "no-store" };
const jsonAnswer = { "content-type": "application/json", ...everyAnswer };

function responseOf({ status, json, text, headers }: Answer): Response {
  if (status === 204) return new Response(null, { status, headers: everyAnswer });
  const fixed = text === undefined ? jsonAnswer : everyAnswer;
  return new Response(text ?? JSON.stringify(json), {
    status,
    headers: headers === undefined ? fixed : { ...fixed, ...headers },
  });
}
