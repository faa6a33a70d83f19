import {
  type HeaderPrefix,
  type HeaderSource,
  parseSecret,
  type RawBody,
  type Secret,
  type Verified,
} from "@postrider/protocol";

/** What the options of `verify` come to for one message. */
export interface Known {
  now: Date;
  toleranceSeconds: number;
  headerPrefix: HeaderPrefix;
}

/** Public keys that change while the process runs: made by `jwks`. */
export interface KeySource {
  /** The keys known now, fetched if they are not known or too old. */
  keys(now: Date): Promise<readonly Secret[]>;
  /** Asks again because no key fitted; false if it may not ask yet, or nothing changed. */
  refresh(now: Date): Promise<boolean>;
  /**
   * Verifies with the keys of all inputs. The source brings this along, so that receivers without one do not carry it.
   */
  verifyAmong(
    inputs: readonly SecretInput[],
    rawBody: RawBody,
    headers: HeaderSource,
    known: Known,
    attempt: Attempt,
  ): Promise<Verified>;
}

/** Verifies once, with parsed secrets. */
export type Attempt = (
  rawBody: RawBody,
  headers: HeaderSource,
  known: Known & { secrets: readonly Secret[] },
) => Verified | Promise<Verified>;

/** A secret as text (`whsec_…`, `whpk_…`), parsed, or a source of public keys. */
export type SecretInput = string | Secret | KeySource;

export const isKeySource = (input: SecretInput): input is KeySource =>
  typeof input === "object" && input !== null && "refresh" in input;

const parsed = new Map<string, Secret>();
const parsedLimit = 256;

/**
 * The secret of a text, the same object each time: imported keys are cached on it.
 *
 * @throws ProtocolError `secret_prefix_unknown`, `secret_not_base64`, `secret_length_invalid`
 */
export function secretOf(input: string | Secret): Secret {
  if (typeof input !== "string") return input;
  let secret = parsed.get(input);
  if (secret === undefined) {
    secret = parseSecret(input);
    // Room for any sane number of live secrets, and a bound for programs that make them up.
    if (parsed.size >= parsedLimit) parsed.clear();
    parsed.set(input, secret);
  }
  return secret;
}
