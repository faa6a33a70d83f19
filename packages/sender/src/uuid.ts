/**
 * A UUID version 7 (RFC 9562 section 5.7): 48 bits of time, 74 bits of chance, so that ids made in order sort in order
 * and stay close together in the ledger's index.
 *
 * @param nowMs epoch milliseconds
 * @param random 10 random bytes
 * @example
 * ```ts
 * uuidV7(1645557742000, new Uint8Array(10)); // "017f22e2-79b0-7000-8000-000000000000"
 * ```
 */
export function uuidV7(nowMs: number, random: Uint8Array): string {
  const time = Math.floor(nowMs).toString(16).padStart(12, "0");
  const chance = Array.from(random.subarray(0, 10), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = (0x8 | (Number.parseInt(chance.slice(4, 5), 16) & 0x3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(1, 4)}-${variant}${chance.slice(5, 8)}-${chance.slice(8, 20)}`;
}
