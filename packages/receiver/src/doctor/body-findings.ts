import type { HeaderSource, RawBody } from "@postrider/protocol";
import { byteVariants, utf8Text } from "./byte-variants.ts";
import { compareBodies } from "./compare.ts";
import type { Finding } from "./finding.ts";
import type { NamedSecret } from "./secret-findings.ts";
import { jsonVariants } from "./variants.ts";

/** The secret with which the message verifies if this was the body. */
export type Fits = (body: RawBody) => Promise<NamedSecret | undefined>;

/** What is wrong with the body, and which secret fits once that is mended. */
export interface BodyReport {
  findings: Finding[];
  fit?: NamedSecret;
}

const none = {};

/** Looks for what was done to the body, by trying what it may have been. */
export async function diagnoseBody(rawBody: unknown, headers: HeaderSource, fits: Fits): Promise<BodyReport> {
  if (typeof rawBody !== "string" && !(rawBody instanceof Uint8Array)) return { findings: [parsed()] };
  const asReceived = await fits(rawBody);
  if (asReceived !== undefined) return { findings: [], fit: asReceived };

  const bytes = typeof rawBody === "string" ? new TextEncoder().encode(rawBody) : rawBody;
  if (bytes.length === 0) return { findings: [empty()] };
  const text = utf8Text(bytes);
  if (text === "[object Object]" || text === "undefined") return { findings: [parsed()] };

  for (const { cause, bytes: variant, message } of byteVariants(bytes)) {
    const fit = await fits(variant);
    if (fit !== undefined) return { findings: [{ cause, message, details: none }], fit };
  }
  for (const variant of jsonVariants(text ?? "")) {
    const fit = await fits(variant);
    if (fit !== undefined) return { findings: [reserialised(compareBodies(variant, text ?? ""))], fit };
  }
  return { findings: [...evidence(bytes, text, headers), mismatch()] };
}

/** Signs of a change that cannot be undone, so that no trial can prove it. */
function evidence(bytes: Uint8Array, text: string | undefined, headers: HeaderSource): Finding[] {
  const findings: Finding[] = [];
  const announced = contentLength(headers);
  if (announced !== undefined && announced !== bytes.length) {
    findings.push({
      cause: "body_length_changed",
      message: `The body has ${bytes.length} bytes and content-length says ${announced}: it was cut, decoded or written again on the way. Pass the bytes as received.`,
      details: { bodyBytes: bytes.length, contentLength: announced },
    });
  }
  if (text?.includes("\uFFFD") === true) {
    findings.push({
      cause: "body_charset_changed",
      message:
        "The body holds replacement characters: bytes that are not UTF-8 were decoded as if they were. Take the body as bytes.",
      details: none,
    });
  }
  return findings;
}

function contentLength(headers: HeaderSource): number | undefined {
  const pairs = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  const value = pairs.find(([name]) => name.toLowerCase() === "content-length")?.[1];
  const text = Array.isArray(value) ? String(value[0]) : String(value);
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function parsed(): Finding {
  const message =
    "The body given is no bytes and no text: a body parser (such as express.json()) has made an object of it. Take the raw body before any parser.";
  return { cause: "body_already_parsed", message, details: none };
}

function empty(): Finding {
  const message =
    "The body is empty, and that is not what was signed: something has read the request stream before. Take the raw body before any parser, once.";
  return { cause: "body_empty", message, details: none };
}

function reserialised(differences: readonly string[]): Finding {
  const words = differences.map((difference) => difference.replaceAll("_", " ")).join(", ");
  const message = `The body was parsed and written again: it differs from what was sent in ${words}. Pass the bytes as received, not JSON.stringify of the parsed body.`;
  return { cause: "body_reserialised", message, details: { differences } };
}

function mismatch(): Finding {
  const message =
    "No secret given fits, and no known way of changing the body explains it: check that the secret is this endpoint's and current; if it is, the content was changed on the way.";
  return { cause: "signature_mismatch", message, details: none };
}
