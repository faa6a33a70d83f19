import type { Secret } from "@postrider/protocol";

/** Whether `signature` is the HMAC-SHA256 of `id.timestamp.` (ASCII) and then `body`, compared in constant time. */
export type HmacMatches = (
  secret: Secret,
  id: string,
  timestamp: string,
  body: Uint8Array,
  signature: Uint8Array,
) => boolean;

interface NodeLike {
  process: { getBuiltinModule(name: string): NodeCrypto };
}

/** What is used of `node:crypto`: there since Node 20.12. */
interface NodeCrypto {
  hash(this: void, algorithm: "sha256", data: Uint8Array, encoding: "latin1"): string;
  timingSafeEqual(this: void, left: Uint8Array, right: Uint8Array): boolean;
}

const blockBytes = 64;
const reusedBytes = 65_536;
const fullStop = 0x2e;

/**
 * A synchronous HMAC where the runtime has one; `undefined` leaves the work to WebCrypto, with the same results.
 * Never throws: this runs while the module loads.
 *
 * Loaded by name at run time and not imported, so that bundlers and other runtimes never see `node:crypto`. Some
 * have the name but refuse the call (Next.js's edge sandbox throws from `getBuiltinModule`), or hand out functions that
 * only throw, so both functions are tried once.
 *
 * Written as the two hashes of RFC 2104, section 2, because `createHmac` makes a native object that is collected
 * later: sustained, that costs twice as much. At 1 KiB on Node 26 this takes 2 µs, WebCrypto's call alone 30.
 * Digests are taken as latin1, because as a Buffer each is an allocation outside the heap (0.7 µs).
 */
export function findHmac(): HmacMatches | undefined {
  const computed = new Uint8Array(32);
  const received = computed.slice();
  try {
    const { hash, timingSafeEqual } = (globalThis as unknown as NodeLike).process.getBuiltinModule(
      "node:crypto",
    );
    if (!timingSafeEqual(computed, received) || !hash("sha256", computed, "latin1")) return undefined;
    const pads = new WeakMap<Secret, [inner: Uint8Array, outer: Uint8Array]>();
    // Filled and read within one synchronous call, so that calls cannot mix.
    const reused = new Uint8Array(reusedBytes);

    return (secret, id, timestamp, body, signature) => {
      let pair = pads.get(secret);
      if (pair === undefined) pads.set(secret, (pair = [padded(secret, 0x36, 0), padded(secret, 0x5c, 32)]));
      const [inner, outer] = pair;
      const dot = blockBytes + id.length;
      const start = dot + timestamp.length + 2;
      const size = start + body.length;
      const input = size > reusedBytes ? new Uint8Array(size) : reused.subarray(0, size);
      input.set(inner);
      write(input, id, blockBytes);
      input[dot] = fullStop;
      write(input, timestamp, dot + 1);
      input[start - 1] = fullStop;
      input.set(body, start);
      write(outer, hash("sha256", input, "latin1"), blockBytes);
      write(computed, hash("sha256", outer, "latin1"), 0);
      if (signature.length !== 32) return false;
      received.set(signature);
      return timingSafeEqual(computed, received);
    };
  } catch {
    // If anything is missing or refused, WebCrypto does the work.
    return undefined;
  }
}

/** The key, never longer than a block (64 bytes are the most a `whsec` may have), combined with the pad's byte. */
function padded(secret: Secret, pad: number, room: number): Uint8Array {
  const block = new Uint8Array(blockBytes + room).fill(pad, 0, blockBytes);
  for (const [index, byte] of secret.reveal().bytes.entries()) block[index] = byte ^ pad;
  return block;
}

function write(target: Uint8Array, text: string, at: number): void {
  for (let index = 0; index < text.length; index += 1) target[at + index] = text.charCodeAt(index);
}
