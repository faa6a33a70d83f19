const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const invalid = 128;
const equals = 0x3d;
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
 * Leftover bits must be zero (RFC 4648 section 3.5): otherwise one signature would have several spellings. By hand and
 * in place, because every received signature passes here: 0.15 µs for 32 bytes, where a slice taken first makes it
 * 0.2 µs, `Uint8Array.fromBase64` takes 0.4 µs, and `atob` with a check by `btoa` 1.3 µs.
 */
export function decodeBase64(text: string, from = 0): Uint8Array<ArrayBuffer> | undefined {
  const length = text.length - from;
  if (length % 4 !== 0) return undefined;
  const end = text.length;
  const padding = text.charCodeAt(end - 1) !== equals ? 0 : text.charCodeAt(end - 2) !== equals ? 1 : 2;
  const digits = length - padding;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let written = 0;
  let wrong = 0;
  let held = 0;
  for (let index = 0; index < digits; index += 1) {
    const value = values[text.charCodeAt(from + index)] ?? invalid;
    wrong |= value;
    held = (held << 6) | value;
    // Every digit but the first of four completes a byte; 6, 4 or 2 bits stay behind.
    const place = index & 3;
    if (place > 0) bytes[written++] = held >> (6 - 2 * place);
  }
  const leftover = padding > 0 ? held & ((1 << (2 * padding)) - 1) : 0;
  return wrong < invalid && leftover === 0 ? bytes : undefined;
}
