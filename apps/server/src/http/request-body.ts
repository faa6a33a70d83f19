import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { PostriderError } from "@postrider/engine";
import type { BodyBudget } from "./body-budget.ts";

/** The caller went away before its call was answered: no fault, and nobody reads an answer. */
export class ClientGone extends Error {
  constructor() {
    super("the caller went away before the answer");
    this.name = "ClientGone";
  }
}

/** A body that was read, and its part of the memory for bodies. */
export interface Body {
  readonly bytes: Buffer;
  /** Gives the memory back. Call it once, when the call is answered. */
  release(): void;
}

/**
 * The raw bytes of a request's body, at most `maxBytes`. The listener limits how long it may take.
 *
 * @throws PostriderError `payload_too_large`, `rate_limited`
 * @throws ClientGone
 */
export function readBody(request: IncomingMessage, maxBytes: number, budget: BodyBudget): Promise<Body> {
  const tooLarge = () =>
    new PostriderError("payload_too_large", `The body is larger than ${maxBytes} bytes.`, {
      hint: "Send fewer events at once, or raise POSTRIDER_MAX_BODY_BYTES; a document of a partner or endpoint has at most 262144 bytes.",
    });
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let held = 0;
    const release = (): void => {
      budget.give(held);
      held = 0;
      chunks = [];
    };
    const refuse = (error: unknown): void => {
      request.off("data", take);
      request.pause();
      release();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      if (held + chunk.length > maxBytes) return refuse(tooLarge());
      try {
        budget.take(chunk.length);
      } catch (error) {
        return refuse(error);
      }
      held += chunk.length;
      chunks.push(chunk);
    };
    request.on("data", take);
    request.on("end", () => {
      const [first] = chunks;
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      chunks = [];
      resolve({ bytes, release });
    });
    request.on("error", () => refuse(new ClientGone()));
    request.on("close", () => {
      if (!request.complete) refuse(new ClientGone());
    });
  });
}

/**
 * @throws PostriderError `unsupported_media_type` for a compressed body
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
 */
export function checkCoding(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || /^\s*(identity)?\s*$/i.test(contentEncoding)) return;
  throw new PostriderError(
    "unsupported_media_type",
    `The body has the content-encoding ${contentEncoding.slice(0, 80)}, and must have none.`,
    { hint: "Send the JSON as it is, without the header content-encoding." },
  );
}

/** @throws PostriderError `unsupported_media_type` for a body that says it is something other than JSON */
export function checkMediaType(contentType: string | undefined): void {
  if (contentType === undefined || /^application\/(?:[\w.-]+\+)?json(?:\s*;|\s*$)/i.test(contentType)) return;
  throw new PostriderError(
    "unsupported_media_type",
    `The body is ${contentType.slice(0, 80)}, and must be application/json.`,
    {
      hint: "Send the header: content-type: application/json.",
    },
  );
}

/** The text of a body. Replacing bad bytes would change what is stored, so they are refused. @throws PostriderError `invalid_request` */
export function bodyText(body: Buffer): string {
  if (!isUtf8(body)) throw new PostriderError("invalid_request", "The body is not valid UTF-8.");
  return body.toString("utf8");
}

/** The value of a JSON text, `what` names it. @throws PostriderError `invalid_request` */
export function parseJson(text: string, what = "The body"): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PostriderError(
      "invalid_request",
      `${what} is not JSON: ${error instanceof SyntaxError ? error.message.slice(0, 200) : "unreadable"}.`,
      {
        hint: "Check it with a JSON tool; in a shell, put single quotes around the body.",
      },
    );
  }
}
