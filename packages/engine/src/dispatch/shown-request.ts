import type { Mask } from "../core/mask.ts";
import type { ItemFailure } from "../core/fan-out.ts";
import { hiddenValue, shownHeader, shownUrl } from "../core/redact.ts";
import type { RenderFailure } from "../core/template/index.ts";
import type { PostbackRequest } from "../ports/transport.ts";
import { headersOf, render, type Renderable } from "./attempt.ts";
import type { DispatchEndpoint } from "./partner.ts";

/** A request as people may see it: without a signature, and with the values of credentials hidden (`core/redact.ts`). */
export interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A request to be shown, of a delivery that exists or one that is made up. */
export interface Shown extends Renderable {
  readonly endpoint: Renderable["endpoint"] & Pick<DispatchEndpoint, "signing">;
}

/**
 * Renders for people what an attempt would send, or sent: by the same steps as `attempt`, without a key and without
 * sending. The template must have been compiled with masked secrets.
 *
 * @param atMs when the attempt is or was made: `webhook-timestamp` has it
 */
export function renderForPeople(
  shown: Shown,
  userAgent: string,
  atMs: number,
): { readonly ok: true; readonly request: ShownRequest } | RenderFailure | ItemFailure {
  const rendered = render(shown);
  if (!rendered.ok) return rendered;
  const timestampSeconds = Math.floor(atMs / 1_000);
  const signature = shown.endpoint.signing.length === 0 ? null : hiddenValue;
  const headers = headersOf(shown.delivery.id, rendered, { timestampSeconds, signature, userAgent });
  const { method } = shown.endpoint.template!;
  return { ok: true, request: shownRequest({ method, url: rendered.url, headers }, rendered.body, null) };
}

/**
 * A request with what looks like a credential hidden. Its signature is shown if it has one.
 *
 * @param body its body as text
 * @param mask hides the partner's secrets; null: there are none in it
 */
export function shownRequest(
  { method, url, headers }: Pick<PostbackRequest, "method" | "url" | "headers">,
  body: string | null,
  mask: Mask | null,
): ShownRequest {
  const masked = (text: string): string => (mask === null ? text : mask.text(text));
  return {
    method,
    url: shownUrl(masked(url)),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, shownHeader(name, masked(value))])),
    body: body === null ? null : masked(body),
  };
}
