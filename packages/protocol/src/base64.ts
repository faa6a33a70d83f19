const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const invalid = 128;
const values = new Uint8Array(256).fill(invalid);
for (let value = 0; value < 64; value += 1) values[alphabet.charCodeAt(value)] = value;

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * The bytes of canonical, padded standard base64, from the place given to the end; `undefined` for anything else.
 *
 * Leftover bits must be zero (RFC 4648 section 3.5): otherwise one signature would have several spellings. By hand,
 * because every received signature passes here: 0.1 µs for 32 bytes, where `atob` and a check by `btoa` take 1.3 µs
 * and `Uint8Array.fromBase64` 0.4 µs. Read in place, because reading a slice of a string takes twice as long.
 */
export function decodeBase64(text: string, from = 0): Uint8Array<ArrayBuffer> | undefined {
  const length = text.length - from;
  if (length % 4 !== 0) return undefined;
  const padding = length === 0 ? 0 : text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const end = text.length - padding;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let written = 0;
  let wrong = 0;
  let four = 0;
  for (let index = from; index < end; index += 4) {
    const first = valueAt(text, index);
    const second = valueAt(text, index + 1);
    // Padding counts as zeros here; the bytes it would make lie beyond the array, where writes have no effect.
    const third = index + 2 < end ? valueAt(text, index + 2) : 0;
    const fourth = index + 3 < end ? valueAt(text, index + 3) : 0;
    wrong |= first | second | third | fourth;
    four = (first << 18) | (second << 12) | (third << 6) | fourth;
    bytes[written++] = four >> 16;
    bytes[written++] = four >> 8;
    bytes[written++] = four;
  }
  const leftover = four & ((1 << (8 * padding)) - 1);
  return wrong < invalid && leftover === 0 ? bytes : undefined;
}

const valueAt = (text: string, index: number): number => values[text.charCodeAt(index)] ?? invalid;
