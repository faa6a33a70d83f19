import type { HeaderSource, RawBody } from "@postrider/protocol";
import { alreadyParsed, keptBytes } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import type { Answer } from "../replay-store.ts";
import { headers as nodeHeaders, type NodeRequest } from "./node.ts";

/** What is used of Fastify's request. */
export interface FastifyRequestLike {
  readonly body: unknown;
  readonly rawBody?: unknown;
  readonly raw: NodeRequest;
}

/** What is used of Fastify's reply. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** What is used of a Fastify instance. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    options: { parseAs: "buffer"; bodyLimit: number },
    parser: (request: never, body: never, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  post(
    path: string,
    handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>,
  ): unknown;
}

const remedy =
  "Register the route with fastifyPostbacks(endpoint, { path }), which gives it a parser that keeps the bytes, and leaves other routes alone.";

/** @throws ReceiverError `body_already_parsed` */
export function rawBody(request: FastifyRequestLike): RawBody {
  const kept = keptBytes(request.rawBody, request.body);
  if (kept === undefined && request.body !== undefined && request.body !== null) throw alreadyParsed(remedy);
  return kept ?? "";
}

export function headers(request: FastifyRequestLike): HeaderSource {
  return nodeHeaders(request.raw);
}

export function respond(reply: FastifyReplyLike, answer: Answer): unknown {
  reply.code(answer.status);
  reply.headers({ ...answer.headers });
  return reply.send(answer.body);
}

/**
 * A Fastify plugin with one POST route; its raw parser stays inside the plugin. Fastify itself answers 413 above
 * `bodyLimitBytes` (default 1,048,576).
 *
 * @example
 * ```ts
 * app.register(fastifyPostbacks(handle({ ... }), { path: "/postbacks" }));
 * ```
 */
export function fastifyPostbacks(
  endpoint: Endpoint,
  { path, bodyLimitBytes = 1_048_576 }: { path: string; bodyLimitBytes?: number },
): (instance: FastifyLike) => Promise<void> {
  return async (instance) => {
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser(
      "*",
      { parseAs: "buffer", bodyLimit: bodyLimitBytes },
      (_request, body, done) => done(null, body),
    );
    instance.post(path, async (request, reply) =>
      respond(reply, await endpoint({ headers: headers(request), rawBody: () => rawBody(request) })),
    );
  };
}
