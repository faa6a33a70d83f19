import { alreadyParsed, incomplete, joined, tooLarge } from "../body.ts";
import type { Endpoint } from "../handle.ts";
import type { Answer } from "../replay-store.ts";

const remedy =
  "Verify before request.json(), request.text() or request.formData(), or verify a request.clone().";

/** @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete` */
export async function rawBody(request: Request, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  if (request.bodyUsed) throw alreadyParsed(remedy);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { value } = await reader.read().catch((error: unknown) => {
      throw incomplete(error);
    });
    if (value === undefined) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      throw tooLarge(maxBytes);
    }
    chunks.push(value);
  }
  return joined(chunks, size);
}

export function headers(request: Request): Headers {
  return request.headers;
}

export function respond({ status, headers, body }: Answer): Response {
  // HTTP forbids `connection` from version 2 on, and web runtimes write it themselves.
  const { connection: _, ...others } = headers;
  const bodiless = status === 204 || status === 205 || status === 304;
  return new Response(bodiless ? null : body, { status, headers: others });
}

/**
 * For whatever speaks `Request` and `Response`: Hono, Next route handlers, Workers, Deno, Bun.
 *
 * @example
 * ```ts
 * export const POST = webHandler(handle({ ... })); // Next: app/postbacks/route.ts
 * app.post("/postbacks", (c) => webHandler(endpoint)(c.req.raw)); // Hono
 * ```
 */
export function webHandler(endpoint: Endpoint): (request: Request) => Promise<Response> {
  return async (request) =>
    respond(await endpoint({ headers: headers(request), rawBody: (maxBytes) => rawBody(request, maxBytes) }));
}
