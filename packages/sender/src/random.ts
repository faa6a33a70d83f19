/** Uniform in [0, 1), as `Math.random`. */
export type Random = () => number;

/** Chance for waiting times; nothing secret is drawn from it. */
export const systemRandom: Random = () => Math.random();

/** Cryptographically strong bytes of this runtime. */
export const randomBytes = (byteLength: number): Uint8Array =>
  crypto.getRandomValues(new Uint8Array(byteLength));
