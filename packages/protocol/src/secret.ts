import { decodeBase64, encodeBase64 } from "./base64.ts";
import { ProtocolError } from "./errors.ts";
import type { SecretKind } from "./secret-kind.ts";

/** `v1`: HMAC-SHA256. `v1a`: ed25519. */
export type SignatureScheme = "v1" | "v1a";

const printed = "[secret]";
const schemes: Readonly<Record<SecretKind, SignatureScheme>> = { whsec: "v1", whsk: "v1a", whpk: "v1a" };
/** Allowed numbers of bytes: from, to, in steps of. */
const lengths: Readonly<Record<SecretKind, readonly [from: number, to: number, step: number]>> = {
  whsec: [24, 64, 1],
  whsk: [32, 64, 32],
  whpk: [32, 32, 32],
};

/**
 * A signing secret or key that does not print itself: strings, JSON and inspection all show `[secret]`.
 *
 * Made by {@link parseSecret}, {@link secretFromBytes} and the generators. Keep one object per secret: imported
 * keys are cached on it.
 */
export class Secret {
  readonly kind: SecretKind;
  readonly #bytes: Uint8Array;

  /** Use {@link secretFromBytes}, which checks the length; the bytes are copied. */
  constructor(kind: SecretKind, bytes: Uint8Array) {
    this.kind = kind;
    this.#bytes = Uint8Array.from(bytes);
  }

  /** The scheme this secret signs or verifies. */
  get scheme(): SignatureScheme {
    return schemes[this.kind];
  }

  /**
   * The one way to the key material: search for `reveal(` to review every use.
   *
   * `text` is the prefixed base64 to store or to show once. `bytes` is a copy, for a key object of your own:
   * the HMAC key of a `whsec`; seed and maybe public key of a `whsk`; the public key of a `whpk`.
   *
   * @example
   * ```ts
   * const key = createSecretKey(secret.reveal().bytes);
   * ```
   */
  reveal(): { text: string; bytes: Uint8Array<ArrayBuffer> } {
    return { text: `${this.kind}_${encodeBase64(this.#bytes)}`, bytes: Uint8Array.from(this.#bytes) };
  }

  toString(): string {
    return printed;
  }

  toJSON(): string {
    return printed;
  }

  /** Node, Bun and Deno print objects through this symbol. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return printed;
  }
}

/**
 * Reads a serialized secret: `whsec_`, `whsk_` or `whpk_` and padded standard base64.
 *
 * A bare base64 secret without prefix is refused, because it does not say which scheme it is for.
 * The text never appears in an error.
 *
 * @throws ProtocolError `secret_prefix_unknown`, `secret_not_base64`, `secret_length_invalid`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 * @example
 * ```ts
 * const secret = parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
 * ```
 */
export function parseSecret(text: string): Secret {
  const kind = readKind(text);
  const bytes = decodeBase64(text.slice(kind.length + 1));
  if (bytes === undefined) {
    throw new ProtocolError(
      "secret_not_base64",
      { kind },
      `The ${kind}_ secret is not padded base64: copy it whole, without quotes.`,
    );
  }
  return secretFromBytes(kind, bytes);
}

/**
 * A secret from its raw bytes (copied): 24 to 64 for `whsec`, 64 or 32 for `whsk`, 32 for `whpk`.
 *
 * Standard Webhooks asks for "base64 of the key" and leaves the layout of a `whsk` open. Written here, as Svix
 * writes it, is the 64-byte form: the 32-byte seed of RFC 8032, then the public key. A bare seed is also read.
 *
 * @throws ProtocolError `secret_length_invalid`
 */
export function secretFromBytes(kind: SecretKind, bytes: Uint8Array): Secret {
  const { length } = bytes;
  const [from, to, step] = lengths[kind];
  if (length < from || length > to || length % step > 0) {
    const range = from === to ? from : step === 1 ? `${from} to ${to}` : `${from} or ${to}`;
    throw new ProtocolError(
      "secret_length_invalid",
      { kind, byteLength: length },
      `The ${kind}_ secret has ${length} bytes and needs ${range}: copy it whole.`,
    );
  }
  return new Secret(kind, bytes);
}

function readKind(text: unknown): SecretKind {
  const prefix = typeof text === "string" ? /^(whsec|whsk|whpk)_/.exec(text)?.[1] : undefined;
  if (prefix === undefined) {
    throw new ProtocolError(
      "secret_prefix_unknown",
      {},
      "The secret must start with whsec_, whsk_ or whpk_: put whsec_ in front of a bare base64 key.",
    );
  }
  return prefix as SecretKind;
}
