import type { HeaderSource, RawBody } from "@postrider/protocol";
import { keptBytes } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import type { Answer } from "../replay-store.ts";
import { headers as nodeHeaders, type NodeRequest, rawBody as readStream } from "./node.ts";

/** What is used of Nest's request: Express's, or Fastify's with its `raw`. */
export type NestRequest = (NodeRequest | { readonly raw: NodeRequest }) & {
  readonly body?: unknown;
  readonly rawBody?: unknown;
};

/** What is used of Nest's response: Express and Fastify agree on these three. */
export interface NestResponse {
  status(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

const remedy = "Create the application with NestFactory.create(AppModule, { rawBody: true }).";

const streamOf = (request: NestRequest): NodeRequest => ("raw" in request ? request.raw : request);

/**
 * What `rawBody: true` keeps, else the stream of a request that no parser touched.
 *
 * @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete`
 */
export async function rawBody(request: NestRequest, maxBytes?: number): Promise<RawBody> {
  return keptBytes(request.rawBody, request.body) ?? readStream(streamOf(request), maxBytes, remedy);
}

export function headers(request: NestRequest): HeaderSource {
  return nodeHeaders(streamOf(request));
}

export function respond(response: NestResponse, answer: Answer): void {
  response.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) response.header(name, value);
  response.send(answer.body);
}

/**
 * For a controller's method with `@Req()` and `@Res()`, on Nest's Express or Fastify platform.
 *
 * @example
 * ```ts
 * @Post("postbacks") receive(@Req() request: Request, @Res() response: Response) {
 *   return nestHandler(this.endpoint)(request, response);
 * }
 * ```
 */
export function nestHandler(
  endpoint: Endpoint,
): (request: NestRequest, response: NestResponse) => Promise<void> {
  return async (request, response) => {
    const received = { headers: headers(request), rawBody: (maxBytes: number) => rawBody(request, maxBytes) };
    respond(response, await endpoint(received));
  };
}
