import type { RawBody } from "@postrider/protocol";
import { keptBytes } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import { headers, type NodeRequest, type NodeResponse, rawBody as readStream, respond } from "./node.ts";

/** What is used of `NextApiRequest`. */
export interface NextPagesRequest extends NodeRequest {
  readonly body?: unknown;
}

const remedy =
  "Next's body parser runs before this route. Write in the route's own file: export const config = { api: { bodyParser: false } }; (Next reads it from the source, so it cannot be imported).";

/**
 * The stream, which is untouched when the route turns Next's parser off. A text that Next has decoded is not taken:
 * where its parser is on, JSON never verifies, and the mistake should show at once.
 *
 * @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete`
 */
export async function rawBody(request: NextPagesRequest, maxBytes?: number): Promise<RawBody> {
  const bytes = request.body instanceof Uint8Array ? keptBytes(request.body) : undefined;
  return bytes ?? readStream(request, maxBytes, remedy);
}

export { headers, respond };

/**
 * For a Next.js pages API route. App-router routes use `webHandler`.
 *
 * @example
 * ```ts
 * export const config = { api: { bodyParser: false } };
 * export default nextPagesHandler(handle({ ... }));
 * ```
 */
export function nextPagesHandler(
  endpoint: Endpoint,
): (request: NextPagesRequest, response: NodeResponse) => Promise<void> {
  return async (request, response) => {
    const received = { headers: headers(request), rawBody: (maxBytes: number) => rawBody(request, maxBytes) };
    respond(response, await endpoint(received));
  };
}
