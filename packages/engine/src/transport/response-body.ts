import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type InputType,
  zstdDecompressSync,
} from "node:zlib";

/** The headers that say how a body is read. */
export interface BodyHeaders {
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
}

/**
 * Collects a response body up to a cap. One chunk, the usual case, is kept as it came; more are copied into one
 * buffer that doubles, so a body that dribbles in single bytes costs no more memory than its length.
 */
export class ResponseBody {
  readonly #capBytes: number;
  #bytes: Buffer | null = null;
  #length = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  /** Takes what fits. False if the body goes on past the cap. */
  push(chunk: Buffer): boolean {
    const fits = Math.min(chunk.length, this.#capBytes - this.#length);
    if (this.#bytes === null)
      this.#bytes = fits === chunk.length ? chunk : Buffer.from(chunk.subarray(0, fits));
    else this.#append(chunk, fits);
    this.#length += fits;
    return fits === chunk.length;
  }

  #append(chunk: Buffer, length: number): void {
    const needed = this.#length + length;
    if (needed > this.#bytes!.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#capBytes, Math.max(1024, needed * 2)));
      this.#bytes!.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes!, this.#length, 0, length);
  }

  /**
   * The partner's text: content codings undone within the cap, decoded by the charset named (UTF-8 if none or an
   * unknown one is named), with U+FFFD for what cannot be decoded, and for U+0000, which PostgreSQL's text and jsonb cannot hold.
   * `isWhole` is false if a coding could not be undone, or not to its end: then more was said than the text has.
   */
  read({ contentType, contentEncoding }: BodyHeaders): { readonly text: string; readonly isWhole: boolean } {
    if (this.#bytes === null) return { text: "", isWhole: true };
    const bytes = this.#bytes.subarray(0, this.#length);
    const coding = codingOf(contentEncoding);
    const plain = coding === null ? { bytes, isWhole: true } : decoded(bytes, coding, this.#capBytes);
    if (plain === null) {
      const text = `(${this.#length} bytes in the content coding "${coding}", which cannot be read)`;
      return { text, isWhole: false };
    }
    const text = textOf(plain.bytes, contentType);
    return { text: text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text, isWhole: plain.isWhole };
  }
}

/** The content coding (RFC 9110, 8.4.1), or null for none. */
function codingOf(contentEncoding: string | null): string | null {
  const coding = contentEncoding?.trim().toLowerCase().slice(0, 40) ?? "";
  return coding === "" || coding === "identity" ? null : coding;
}

/** `toEnd`: the bytes must have the end of what was coded. */
type Decoder = (bytes: InputType, maxOutputLength: number, toEnd: boolean) => Buffer;

/** A flush instead of an end: a body cut off at the cap is decoded as far as possible. */
const zlib = (maxOutputLength: number, toEnd: boolean) => ({
  finishFlush: toEnd ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
  maxOutputLength,
});
const gunzip: Decoder = (bytes, most, toEnd) => gunzipSync(bytes, zlib(most, toEnd));
const decoders: Readonly<Record<string, Decoder>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  deflate(bytes, most, toEnd) {
    try {
      return inflateSync(bytes, zlib(most, toEnd));
    } catch (error) {
      // Some servers send the bare deflate format under this name.
      if (isTooLarge(error)) throw error;
      return inflateRawSync(bytes, zlib(most, toEnd));
    }
  },
  br: (bytes, maxOutputLength, toEnd) =>
    brotliDecompressSync(bytes, {
      finishFlush: toEnd ? constants.BROTLI_OPERATION_FINISH : constants.BROTLI_OPERATION_FLUSH,
      maxOutputLength,
    }),
  zstd: (bytes, maxOutputLength, toEnd) =>
    zstdDecompressSync(bytes, {
      finishFlush: toEnd ? constants.ZSTD_e_end : constants.ZSTD_e_flush,
      maxOutputLength,
    }),
};

/** Formats without blocks: half of the bytes give half of the text. */
const cuttable = new Set(["gzip", "x-gzip", "deflate"]);

/**
 * What the bytes hold, as far as the cap: if it is more, half of the bytes are decoded, or a quarter, and so on. Null
 * if they cannot be read. Rare, since `accept-encoding: identity` is sent. In the process's own thread, because in
 * libuv's pool it would wait behind name look-ups; 64 KiB that would become 60 MB take 1 ms, with Brotli 5.
 */
function decoded(
  bytes: Buffer,
  coding: string,
  capBytes: number,
): { readonly bytes: Buffer; readonly isWhole: boolean } | null {
  const decode = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
  if (decode === undefined) return null;
  try {
    return { bytes: decode(bytes, capBytes, true), isWhole: true };
  } catch {
    // It has no end, or is too large: a part of it may be read.
  }
  for (let length = bytes.length; length > 0; length >>= 1) {
    try {
      return { bytes: decode(bytes.subarray(0, length), capBytes, false), isWhole: false };
    } catch (error) {
      if (!isTooLarge(error) || !cuttable.has(coding)) return null;
    }
  }
  return null;
}

const isTooLarge = (error: unknown) => (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";

function textOf(bytes: Buffer, contentType: string | null): string {
  const label = encodingByMark(bytes) ?? charsetOf(contentType);
  return label === null ? bytes.toString("utf8") : decoderFor(label).decode(bytes);
}

/** The charset that a content type names, or null for UTF-8, which most do: making a decoder costs 3 µs. */
function charsetOf(contentType: string | null): string | null {
  if (contentType === null || /charset=utf-?8$/i.test(contentType)) return null;
  return /[;\s]charset\s*=\s*["']?([^"';,\s]{1,40})/i.exec(contentType)?.[1] ?? null;
}

/** The standard's order: a byte order mark counts more than a header (WHATWG Encoding, "decode"). */
const encodingByMark = (bytes: Buffer): string | null => {
  if (bytes[0]! < 0xef) return null;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : null;
};

function decoderFor(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    // A label that nobody knows.
    return new TextDecoder();
  }
}
