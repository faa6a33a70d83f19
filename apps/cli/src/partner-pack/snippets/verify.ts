// Verifies postbacks: Standard Webhooks v1, HMAC-SHA256. Node 18 or later, no dependency.
// On other runtimes, and for everything beyond (idempotency, adapters, a doctor): @postrider/receiver.
import { createHmac, timingSafeEqual } from "node:crypto";

const idForm = /^[!-+\-/-~]{1,256}$/;
const timestampForm = /^(?:0|[1-9][0-9]{0,13})$/;
const entryForm = /^v[0-9]{1,3}[a-z]{0,2},[^,]+$/;
const v1Form = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** The id to deduplicate by. `body` is the raw bytes, before any parser. Throws for what is to be answered 400 or 401. */
export function verify(
  secrets: readonly string[],
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Uint8Array,
  nowSeconds = Date.now() / 1000,
  toleranceSeconds = 300,
): string {
  const id = String(headers["webhook-id"] ?? "");
  const timestamp = String(headers["webhook-timestamp"] ?? "");
  const entries = String(headers["webhook-signature"] ?? "").split(" ");
  if (!idForm.test(id)) throw new Error("webhook-id is missing or malformed");
  if (!timestampForm.test(timestamp)) throw new Error("webhook-timestamp is missing or malformed");
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds)
    throw new Error("webhook-timestamp is too far from this clock");
  if (entries.length > 16 || !entries.every((entry) => entryForm.test(entry)))
    throw new Error("webhook-signature is missing or malformed");
  const given = entries.filter((entry) => entry.startsWith("v1,")).map((entry) => entry.slice(3));
  if (!given.every((value) => v1Form.test(value))) throw new Error("webhook-signature is malformed");
  for (const secret of secrets) {
    const mac = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest();
    if (given.some((value) => timingSafeEqual(Buffer.from(value, "base64"), mac))) return id;
  }
  throw new Error("no signature matches");
}

/** The bytes of a `whsec_` secret; fails loudly for one that is empty or cut. */
function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (!secret.startsWith("whsec_") || key.length < 24 || key.length > 64)
    throw new Error("the secret is not a whole whsec_");
  return key;
}
