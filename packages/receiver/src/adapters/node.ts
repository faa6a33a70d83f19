import type { HeaderSource } from "@postrider/protocol";
import { alreadyParsed, incomplete, joined, tooLarge } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import type { Answer } from "../replay-store.ts";

/** What is used of Node's `IncomingMessage`. */
export interface NodeRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly headersDistinct?: Readonly<Record<string, string[] | undefined>>;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
  on(event: string, listener: (value?: unknown) => void): unknown;
}

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/** Whether something has taken bytes from the stream before. */
export const isConsumed = (request: NodeRequest): boolean =>
  request.readableDidRead === true || request.readableEnded === true;

/** @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete` */
export function rawBody(
  request: NodeRequest,
  maxBytes = Number.POSITIVE_INFINITY,
  remedy = "Verify before anything reads the request stream.",
): Promise<Uint8Array> {
  if (isConsumed(request)) return Promise.reject(alreadyParsed(remedy));
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  if (request.destroyed === true) return Promise.reject(incomplete(undefined));
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    // By events and not by `for await`, which destroys the socket on a refusal, and so the answer.
    request.on("data", (chunk) => {
      if (!(chunk instanceof Uint8Array)) return reject(alreadyParsed("Remove request.setEncoding()."));
      size += chunk.byteLength;
      if (size <= maxBytes) return void chunks.push(chunk);
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    });
    request.on("end", () => resolve(joined(chunks, size)));
    request.on("error", (error) => reject(incomplete(error)));
    request.on("close", () => reject(incomplete(undefined)));
  });
}

export function headers(request: NodeRequest): HeaderSource {
  return request.headersDistinct ?? request.headers;
}

export function respond(response: NodeResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers });
  response.end(answer.body);
}

/**
 * For `node:http`, `node:https` and `node:http2`'s compatibility API.
 *
 * @example
 * ```ts
 * createServer(nodeHandler(handle({ ... }))).listen(8080);
 * ```
 */
export function nodeHandler(
  endpoint: Endpoint,
): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  return async (request, response) => {
    const received = { headers: headers(request), rawBody: (maxBytes: number) => rawBody(request, maxBytes) };
    respond(response, await endpoint(received));
  };
}
