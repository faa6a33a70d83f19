import type { HeaderSource, RawBody } from "@postrider/protocol";
import { keptBytes } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import type { Answer } from "../replay-store.ts";
import { headers as nodeHeaders, type NodeRequest, rawBody as readStream } from "./node.ts";

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly request: object;
  status: number;
  body: unknown;
  set(values: Record<string, string>): unknown;
}

const remedy =
  "A body parser (koa-bodyparser, koa-body) runs before this route. Put the postback route above it, or keep its rawBody on ctx.request.";

/**
 * `ctx.request.rawBody` where a parser has kept it, else the stream.
 *
 * @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete`
 */
export async function rawBody(context: KoaContext, maxBytes?: number): Promise<RawBody> {
  const { rawBody: kept } = context.request as { rawBody?: unknown };
  return keptBytes(kept) ?? readStream(context.req, maxBytes, remedy);
}

export function headers(context: KoaContext): HeaderSource {
  return nodeHeaders(context.req);
}

export function respond(context: KoaContext, answer: Answer): void {
  context.status = answer.status;
  context.set({ ...answer.headers });
  context.body = answer.body;
}

/**
 * Koa middleware. Mount it on its path; it answers whatever reaches it.
 *
 * @example
 * ```ts
 * router.post("/postbacks", koaMiddleware(handle({ ... })));
 * ```
 */
export function koaMiddleware(endpoint: Endpoint): (context: KoaContext) => Promise<void> {
  return async (context) => {
    const received = { headers: headers(context), rawBody: (maxBytes: number) => rawBody(context, maxBytes) };
    respond(context, await endpoint(received));
  };
}
