import type { RawBody } from "@postrider/protocol";
import { keptBytes } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import { headers, type NodeRequest, type NodeResponse, rawBody as readStream, respond } from "./node.ts";

/** What is used of Express's `Request`, and what `keepRawBody` adds. */
export interface ExpressRequest extends NodeRequest {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

const remedy =
  "A body parser runs before this route. Either mount this route above app.use(express.json()), or write app.use(express.json({ verify: keepRawBody })) with keepRawBody from @postrider/receiver/express.";

/**
 * Keeps the bytes beside the parsed body, so that verifying works behind a global parser.
 *
 * @example
 * ```ts
 * app.use(express.json({ verify: keepRawBody }));
 * ```
 */
export function keepRawBody(request: object, _response: unknown, bytes: Uint8Array): void {
  Object.assign(request, { rawBody: bytes });
}

/**
 * The bytes from `keepRawBody`, `express.raw()`, or the stream.
 *
 * @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete`
 */
export async function rawBody(request: ExpressRequest, maxBytes?: number): Promise<RawBody> {
  return keptBytes(request.rawBody, request.body) ?? readStream(request, maxBytes, remedy);
}

export { headers, respond };

/**
 * For Express 4 and 5, below or above its body parsers.
 *
 * @example
 * ```ts
 * app.post("/postbacks", expressHandler(handle({ ... })));
 * ```
 */
export function expressHandler(
  endpoint: Endpoint,
): (request: ExpressRequest, response: NodeResponse) => Promise<void> {
  return async (request, response) => {
    const received = { headers: headers(request), rawBody: (maxBytes: number) => rawBody(request, maxBytes) };
    respond(response, await endpoint(received));
  };
}
