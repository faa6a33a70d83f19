import { parseSecret, sign, type SignedHeaders } from "@postrider/protocol";

/** A secret for tests. */
export const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
/** A secret of another endpoint. */
export const otherSecret = "whsec_WmFob3Z9hIuSmaCnrrW8w8rR2N/m7fT7AAECAwQFBgc=";
/** When the tests take place. */
export const now = new Date("2026-02-01T12:00:00Z");
export const nowSeconds = now.getTime() / 1000;

/** Headers of a message signed at `now`, or elsewhere. */
export function signed(
  body: Uint8Array | string,
  { id = "msg_1", timestampSeconds = nowSeconds, secrets = [secret] } = {},
): Promise<SignedHeaders> {
  return sign(body, { id, timestampSeconds, secrets: secrets.map(parseSecret) });
}
