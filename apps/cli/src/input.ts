import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { parseExactJson } from "@postrider/contract/exact-json";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";

type Source = Pick<Context, "cwd" | "stdin">;

const newline = 0x0a;
const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

/** The message for bytes that are not text. Every text that the command reads is UTF-8 (RFC 3629). */
export const notUtf8 = "not valid UTF-8 (save the file as UTF-8)";

/** Reading what a flag names: a path, or `-` for standard input. Faults are usage errors that name the path. */
export const readInput = {
  /** The bytes as they come. */
  bytes(context: Source, path: string): AsyncIterable<Uint8Array> {
    return path === "-" ? context.stdin.bytes : named(path, createReadStream(resolve(context.cwd, path)));
  },

  /** The whole text, without a byte order mark. @throws CliError `usage` for bytes that are not UTF-8, with their line */
  async text(context: Source, path: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readInput.bytes(context, path)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const text = decode(withoutMark(bytes));
    if (text !== null) return text;
    let line = 0;
    for (const one of linesOf(bytes)) {
      line += 1;
      if (decode(one) === null) break;
    }
    throw new CliError("usage", `${path}, line ${line}: ${notUtf8}.`);
  },

  /** One JSON document, with or without a byte order mark (RFC 8259, 8.1); its numbers keep their digits. @throws CliError `usage` */
  async json(context: Source, path: string): Promise<object> {
    const text = await readInput.text(context, path);
    try {
      const parsed: unknown = parseExactJson(text);
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
      throw new TypeError("it is not an object");
    } catch (error) {
      throw new CliError(
        "usage",
        `${path} does not hold a JSON document: ${error instanceof Error ? error.message : ""}`,
      );
    }
  },

  /**
   * One secret: the first line, or whole if there is no line end. It never appears in an error.
   *
   * @throws CliError `usage`
   */
  async secret(context: Source, path: string): Promise<string> {
    for await (const line of readInput.lines(context, path)) {
      const secret = line?.trim() ?? "";
      if (secret !== "") return secret;
    }
    throw new CliError("usage", `${path} has no secret in it.`, {
      hint: "It must hold one line: whsec_ and base64, or whsk_ for v1a.",
    });
  },

  /**
   * The lines without their line ends and without a byte order mark; null for a line whose bytes are not UTF-8. Split
   * at the newline byte only: `node:readline` also splits at U+2028, which JSON texts may hold.
   */
  async *lines(context: Source, path: string): AsyncIterable<string | null> {
    let first = true;
    for await (const line of byteLines(readInput.bytes(context, path))) {
      yield decode(first ? withoutMark(line) : line)?.replace(/\r$/, "") ?? null;
      first = false;
    }
  },
};

/**
 * JSON that a flag gives: as text, or `@` and the path of a file (`@-`: standard input).
 *
 * @throws CliError `usage`
 */
export async function readJsonOrFile(context: Source, flag: string, given: string): Promise<unknown> {
  const path = given.startsWith("@") ? given.slice(1) : null;
  const text = path === null ? given : await readInput.text(context, path);
  try {
    return parseExactJson(text);
  } catch (error) {
    const message =
      path === null
        ? `${flag} is neither JSON nor @ and the path of a file.`
        : `${path} does not hold a JSON document: ${error instanceof Error ? error.message : ""}`;
    throw new CliError(
      "usage",
      message,
      path === null ? { hint: `A file has @ before its path: ${flag} @file.json.` } : {},
    );
  }
}

/** No byte is ever replaced: what cannot be decoded is null. */
function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

// A mark within the text is an ordinary character; the one at the start is removed by its bytes.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function withoutMark(bytes: Uint8Array): Uint8Array {
  return byteOrderMark.every((byte, index) => bytes[index] === byte) ? bytes.subarray(3) : bytes;
}

/** Whole lines: a character that is split over two chunks is joined before it is decoded. */
async function* byteLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(newline) + 1;
    yield* linesOf(bytes.subarray(0, end));
    rest = bytes.subarray(end);
  }
  if (rest.length > 0) yield rest;
}

function* linesOf(bytes: Buffer): Iterable<Uint8Array> {
  for (let from = 0; from < bytes.length; ) {
    const at = bytes.indexOf(newline, from);
    const end = at < 0 ? bytes.length : at;
    yield bytes.subarray(from, end);
    from = end + 1;
  }
}

async function* named(path: string, stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CliError(
      "usage",
      `${path} cannot be read: ${code === "ENOENT" ? "there is no such file" : code}.`,
      { cause: error },
    );
  }
}
