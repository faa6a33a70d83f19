import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { parseExactJson } from "@postrider/engine/exact-json";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";

type Source = Pick<Context, "cwd" | "stdin">;

const newline = 0x0a;

/** Reading what a flag names: a path, or `-` for standard input. Faults are usage errors that name the path. */
export const readInput = {
  /** The bytes as they come. */
  bytes(context: Source, path: string): AsyncIterable<Uint8Array> {
    return path === "-" ? context.stdin.bytes : named(path, createReadStream(resolve(context.cwd, path)));
  },

  /** One JSON document; its numbers keep their digits. @throws CliError `usage` */
  async json(context: Source, path: string): Promise<object> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readInput.bytes(context, path)) chunks.push(chunk);
    try {
      const parsed: unknown = parseExactJson(Buffer.concat(chunks).toString("utf8"));
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
      if (line.trim() !== "") return line.trim();
    }
    throw new CliError("usage", `${path} holds no secret.`, {
      hint: "It must hold one line: whsec_ and base64, or whsk_ for v1a.",
    });
  },

  /**
   * The lines without their line ends. Split at the newline byte only: `node:readline` also splits at U+2028, which
   * JSON texts may hold.
   */
  async *lines(context: Source, path: string): AsyncIterable<string> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of readInput.bytes(context, path)) {
      const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
        yield bytes.toString("utf8", from, at).replace(/\r$/, "");
        from = at + 1;
      }
      rest = bytes.subarray(from);
    }
    if (rest.length > 0) yield rest.toString("utf8").replace(/\r$/, "");
  },
};

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
