import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInput } from "./input.ts";

const from = (chunks: readonly Uint8Array[]) => ({
  cwd: "/nowhere",
  stdin: {
    isTTY: false,
    bytes: (async function* () {
      yield* chunks;
    })(),
  },
});

const linesOf = async (chunks: readonly Uint8Array[]) => {
  const lines: (string | null)[] = [];
  for await (const line of readInput.lines(from(chunks), "-")) lines.push(line);
  return lines;
};

const bytes = (...parts: readonly (string | number[] | Uint8Array)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))));

const mark = [0xef, 0xbb, 0xbf];

describe("lines of a file", () => {
  it("are the same however the bytes arrive: no chunk border cuts a character", async () => {
    const line = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/g, " "));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (lines, size, marked) => {
          const wanted = lines.map((text) => text.toWellFormed());
          const whole = bytes(marked ? mark : [], `${wanted.join("\n")}\n`);
          const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, n) =>
            whole.subarray(n * size, (n + 1) * size),
          );
          // A first line that itself begins with the mark cannot be told from a file with one.
          fc.pre(!wanted[0]!.startsWith("\ufeff"));
          expect(await linesOf(chunks)).toEqual(wanted);
        },
      ),
      { seed: 20_261_127, numRuns: 200 },
    );
  });

  it.each([
    ["Latin-1", bytes("Ren", [0xe9], '"}')],
    ["a character cut off at the end", bytes("ab", [0xe2, 0x82])],
    ["an overlong form", bytes([0xc0, 0xaf])],
    ["a surrogate", bytes([0xed, 0xa0, 0x80])],
    ["above U+10FFFF", bytes([0xf4, 0x90, 0x80, 0x80])],
    ["half a mark", bytes([0xef, 0xbb])],
  ])("%s is no text: null, and nothing is replaced in the lines beside it", async (_, line) => {
    expect(await linesOf([bytes("é\n"), line, bytes("\nb")])).toEqual(["é", null, "b"]);
    expect(await linesOf([line])).toEqual([null]);
    const folder = await mkdtemp(join(tmpdir(), "postrider-input-"));
    await writeFile(join(folder, "a.json"), bytes('{"a":\n"', line, '"}'));
    await expect(readInput.json({ ...from([]), cwd: folder }, "a.json")).rejects.toMatchObject({
      exit: "usage",
      message: "a.json, line 2: not valid UTF-8 (save the file as UTF-8).",
    });
  });

  it("a byte order mark is skipped at the start, and kept within", async () => {
    expect(await linesOf([bytes(mark, "a\r\n"), bytes(mark, "b")])).toEqual(["a", "\ufeffb"]);
    expect(await linesOf([bytes(mark)])).toEqual([""]);
    expect(await readInput.json(from([bytes(mark, '{"a":"é"}')]), "-")).toEqual({ a: "é" });
  });
});
