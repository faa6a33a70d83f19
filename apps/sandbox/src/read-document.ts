import type { IncomingMessage } from "node:http";
import { SandboxError } from "./errors.ts";

const longestDocumentBytes = 1_048_576;

/** The JSON object that a control request carries. @throws SandboxError `request_invalid` */
export async function readDocument(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestDocumentBytes)
      throw new SandboxError("request_invalid", "The document is longer than 1 MiB.");
    chunks.push(chunk);
  }
  const document = parseJson(Buffer.concat(chunks).toString());
  if (typeof document === "object" && document !== null && !Array.isArray(document))
    return document as Record<string, unknown>;
  throw new SandboxError("request_invalid", 'Send a JSON object such as {"behaviours": "500x2,ok"}.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SandboxError("request_invalid", `The body is no JSON: ${(error as Error).message}.`);
  }
}
