/** `whsec`: HMAC key. `whsk`: ed25519 private key, for signing. `whpk`: ed25519 public key, for verifying. */
export type SecretKind = "whsec" | "whsk" | "whpk";
