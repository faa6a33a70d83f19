import type { DoctorCause } from "./finding.ts";

/** Bytes that may have been sent, and what then happened to them. */
export interface ByteVariant {
  cause: DoctorCause;
  bytes: Uint8Array;
  message: string;
}

const encoder = new TextEncoder();

/** The text of UTF-8 bytes, byte order mark included; undefined if they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What may have been sent, given what arrived, if no JSON was written again. */
export function* byteVariants(received: Uint8Array): Generator<ByteVariant> {
  const text = utf8Text(received);
  if (text !== undefined) {
    yield* unwrapped(text);
    yield* lineEnds(text);
  }
  yield* charsets(received, text);
}

function* unwrapped(text: string): Generator<ByteVariant> {
  const bytes = fromBase64(text.trim());
  if (bytes !== undefined) {
    const message =
      "The body is still base64: decode it where isBase64Encoded is true, before verifying; lambdaHandler does.";
    yield { cause: "body_base64_not_decoded", bytes, message };
  }
  const inner = jsonString(text);
  if (inner !== undefined) {
    const message =
      "The body is a JSON string that holds the JSON: something called JSON.stringify on a text. Pass the text itself.";
    yield { cause: "body_double_encoded", bytes: encoder.encode(inner), message };
  }
}

function* lineEnds(text: string): Generator<ByteVariant> {
  const added =
    "The body arrived with white space at its end that was not sent: a file editor, a template or echo adds it. Pass the bytes unchanged.";
  const dropped =
    "The body was sent with a line end at its end and arrived without: something trims it. Pass the bytes unchanged.";
  if (text.trimEnd() !== text)
    yield { cause: "body_trailing_newline", bytes: encoder.encode(text.trimEnd()), message: added };
  for (const end of ["\n", "\r\n"]) {
    yield { cause: "body_trailing_newline", bytes: encoder.encode(text + end), message: dropped };
    if (text.endsWith(end)) {
      yield {
        cause: "body_trailing_newline",
        bytes: encoder.encode(text.slice(0, -end.length)),
        message: added,
      };
    }
  }
  const message =
    "Line ends were changed between CR LF and LF: read and pass the body as bytes, not as text.";
  const unix = text.replaceAll("\r\n", "\n");
  for (const lines of [unix, unix.replaceAll("\n", "\r\n")]) {
    if (lines !== text) yield { cause: "body_line_endings", bytes: encoder.encode(lines), message };
  }
  const mark = "\uFEFF";
  const marked =
    "A byte order mark was added to or dropped from the start of the body: read and pass it as bytes, not as text.";
  const other = text.startsWith(mark) ? text.slice(1) : mark + text;
  yield { cause: "body_byte_order_mark", bytes: encoder.encode(other), message: marked };
}

const charsetMessage = (name: string): string =>
  `The body was decoded as ${name} and encoded again: take the bytes before any text, and do not convert charsets.`;

function* charsets(received: Uint8Array, text: string | undefined): Generator<ByteVariant> {
  const cause = "body_charset_changed";
  for (const [name, table] of [
    ["Latin-1", latin1],
    ["Windows-1252", windows1252()],
  ] as const) {
    // Sent as UTF-8, read as Latin-1 and written as UTF-8 (Ã¼ for ü); and the other way round.
    const back = text === undefined ? undefined : toSingleBytes(text, table);
    if (back !== undefined && back.length !== received.length)
      yield { cause, bytes: back, message: charsetMessage(name) };
    if (received.some((byte) => byte > 127)) {
      const characters = Array.from(received, (byte) => table[byte] ?? "").join("");
      yield { cause, bytes: encoder.encode(characters), message: charsetMessage(name) };
    }
  }
}

const latin1: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

function windows1252(): readonly string[] {
  const decoder = new TextDecoder("windows-1252");
  return Array.from({ length: 256 }, (_, byte) => decoder.decode(Uint8Array.of(byte)));
}

function toSingleBytes(text: string, table: readonly string[]): Uint8Array | undefined {
  const places = new Map(table.map((character, byte) => [character, byte]));
  const bytes: number[] = [];
  for (const character of text) {
    const byte = places.get(character);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function fromBase64(text: string): Uint8Array | undefined {
  if (text.length < 4 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function jsonString(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
