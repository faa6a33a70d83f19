import type { HeaderSource, RawBody } from "@postrider/protocol";
import { alreadyParsed } from "../body.ts";
import { ReceiverError } from "../errors.ts";
import type { Endpoint } from "../handle.ts";
import type { Answer } from "../replay-store.ts";

type Values<Value> = Readonly<Record<string, Value | undefined>>;

/** What is used of an event of API Gateway (REST: v1, HTTP: v2), an ALB or a function URL. */
export interface LambdaEvent {
  readonly headers?: Values<string> | null;
  /** v1 and ALB: duplicates stay apart here. v2 joins them with commas, which verifying recognises. */
  readonly multiValueHeaders?: Values<string[]> | null;
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

/** What both versions accept as an answer. */
export interface LambdaResult {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
  isBase64Encoded: false;
}

/** @throws ReceiverError `body_already_parsed`, `body_not_base64` */
export function rawBody({ body, isBase64Encoded }: LambdaEvent): RawBody {
  if (body === undefined || body === null) return "";
  if (typeof body !== "string") {
    throw alreadyParsed("Remove the body parser (such as middy's http-json-body-parser) from this function.");
  }
  if (isBase64Encoded !== true) return body;
  try {
    return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  } catch {
    const message =
      "The event says isBase64Encoded, and its body is not base64: pass the event on unchanged.";
    throw new ReceiverError("body_not_base64", {}, message);
  }
}

export function headers(event: LambdaEvent): HeaderSource {
  return event.multiValueHeaders ?? event.headers ?? {};
}

export function respond(answer: Answer): LambdaResult {
  return {
    statusCode: answer.status,
    headers: { ...answer.headers },
    body: answer.body,
    isBase64Encoded: false,
  };
}

/**
 * For AWS Lambda behind API Gateway v1 or v2, an ALB, or a function URL.
 *
 * @example
 * ```ts
 * export const handler = lambdaHandler(handle({ ... }));
 * ```
 */
export function lambdaHandler(endpoint: Endpoint): (event: LambdaEvent) => Promise<LambdaResult> {
  return async (event) => respond(await endpoint({ headers: headers(event), rawBody: () => rawBody(event) }));
}
