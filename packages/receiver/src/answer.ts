import type { AnyReceiverError, ReceiverError } from "./errors.ts";
import type { Answer } from "./replay-store.ts";

type Code = AnyReceiverError["code"];

/** Statuses other than 400, which is for a message that no retry will mend. */
const statuses: Partial<Record<Code, number>> = {
  timestamp_too_old: 401,
  timestamp_too_new: 401,
  signature_scheme_unmatched: 401,
  signature_mismatch: 401,
  body_too_large: 413,
  envelope_malformed: 422,
  schema_version_unknown: 422,
  data_invalid: 422,
  // Ours to repair, so the sender keeps the message and tries again.
  secret_prefix_unknown: 500,
  secret_not_base64: 500,
  secret_length_invalid: 500,
  secret_not_a_key: 500,
  secret_unsuitable: 500,
  secrets_missing: 500,
  headers_unreadable: 500,
  option_invalid: 500,
  crypto_unsupported: 500,
  body_not_raw: 500,
  body_already_parsed: 500,
  body_not_base64: 500,
  jwks_unavailable: 503,
};

const json = { "content-type": "application/json" };

/** 200 with a body of two letters. */
export const accepted: Answer = { status: 200, headers: { "content-type": "text/plain" }, body: "ok" };

/** The status for a coded error; see docs/guide/receiving.md. */
export function statusOf(code: Code): number {
  return statuses[code] ?? 400;
}

/** The answer to a refused message: its code, and for an unknown version what is supported. Never what was received. */
export function refusal(error: AnyReceiverError): Answer {
  const body: Record<string, unknown> = { error: error.code };
  if (error.code === "schema_version_unknown") body["supported"] = error.fields.supported;
  const headers: Record<string, string> = { ...json };
  if (error.code === "jwks_unavailable") headers["retry-after"] = retryAfter(error);
  if (error.code === "body_too_large") headers["connection"] = "close";
  return { status: statusOf(error.code), headers, body: JSON.stringify(body) };
}

const retryAfter = ({ fields }: ReceiverError<"jwks_unavailable">): string =>
  String(fields.retryAfterSeconds);

/** 409 while another request with this id is being handled; retried after 1 to 60 seconds. */
export function inProgress(retryAfterMs: number): Answer {
  const seconds = Math.min(60, Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return {
    status: 409,
    headers: { ...json, "retry-after": String(seconds) },
    body: '{"error":"in_progress"}',
  };
}

/** 500 when the handler threw, 503 when the store did; the error itself stays here. */
export function failed(status: 500 | 503): Answer {
  return {
    status,
    headers: { ...json, ...(status === 503 && { "retry-after": "5" }) },
    body: '{"error":"failed"}',
  };
}
