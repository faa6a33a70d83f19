import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { PostriderError } from "@postrider/engine";

/**
 * The raw bytes of a request's body, at most `maxBytes`.
 *
 * @throws PostriderError `payload_too_large`, `unsupported_media_type`
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new PostriderError("payload_too_large", `The body is larger than ${maxBytes} bytes.`, {
      hint: "Send fewer events at once, or raise POSTRIDER_MAX_BODY_BYTES.",
    });
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on("error", reject);
    request.on("close", () => {
      if (!request.complete)
        reject(new PostriderError("invalid_request", "The connection ended before the body did."));
    });
  });
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

/** The value of a JSON text. @throws PostriderError `invalid_request` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PostriderError(
      "invalid_request",
      `The body is not JSON: ${error instanceof SyntaxError ? error.message.slice(0, 200) : "unreadable"}.`,
      {
        hint: "Check it with a JSON tool; in a shell, put single quotes around the body.",
      },
    );
  }
}
