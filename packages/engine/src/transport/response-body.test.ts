import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResponseBody } from "./response-body.ts";

const capBytes = 65_536;

function read(bytes: Uint8Array, contentType: string | null = null, contentEncoding: string | null = null) {
  const body = new ResponseBody(capBytes);
  body.push(Buffer.from(bytes));
  return body.read({ contentType, contentEncoding });
}

function textOf(...answer: Parameters<typeof read>) {
  return read(...answer).text;
}

describe("the charset", () => {
  test.each([
    ["text/plain; charset=windows-1251", "cae2e8f2e0edf6e8ff", "Квитанция"],
    ["text/plain;charset=KOI8-R", "ebd7c9d4", "Квит"],
    ['text/html; Charset="iso-8859-1"', "6361 66e9", "café"],
    ["text/plain; charset='shift_jis'", "8365835883 67", "テスト"],
    ["text/plain; charset=gbk; x=y", "b2e2cad4", "测试"],
    ["text/plain; charset=utf-16le", "6100 6200", "ab"],
    ["text/plain; charset=UTF-8", "636166c3a9", "café"],
    ["text/plain; charset=martian-7", "636166c3a9", "café"],
    ["text/plain; charset=", "636166c3a9", "café"],
    ["text/plain", "636166c3a9", "café"],
    ["text/plain; charset=windows-1251", "efbbbf c3a9", "é"],
    [null, "efbbbf 6162", "ab"],
    [null, "fffe 6100", "a"],
    [null, "feff 0061", "a"],
    ["text/plain; charset=utf-16le", "6100 0000 6200", "a\uFFFDb"],
  ])("of %s", (contentType, hex, text) => {
    expect(textOf(Buffer.from(hex.replaceAll(" ", ""), "hex"), contentType)).toBe(text);
  });
});

const codings = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  GZIP: gzipSync,
  deflate: deflateSync,
  "deflate ": deflateRawSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const;

describe.each(Object.entries(codings))("the coding %j", (coding, encode) => {
  test("is undone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 2_000 }), (text) => {
        expect(textOf(encode(text), "text/plain", coding)).toBe(
          text.replaceAll("\0", "\uFFFD").replace(/^\uFEFF/, ""),
        );
      }),
      { seed: 20_261_127, numRuns: 50 },
    );
  });

  test("is whole only if its end was read", () => {
    const said = "OK, but ".repeat(200);
    expect(read(encode(said), null, coding)).toEqual({ text: said, isWhole: true });
    expect(read(encode(said).subarray(0, -9), null, coding).isWhole).toBe(false);
    expect(read(encode(Buffer.alloc(200_000, "a")), null, coding).isWhole).toBe(false);
  });

  test("is undone as far as it came, where the format allows", () => {
    const text = Array.from({ length: 30_000 }, (_, n) => `${(n * 2_654_435_761) % 4_294_967_296} `).join("");
    const words = textOf(encode(text).subarray(0, 60_000), null, coding);
    expect(Buffer.byteLength(words)).toBeLessThanOrEqual(capBytes);
    if (coding === "zstd" || coding === "br") return expect(words).toContain("cannot be read");
    expect(words.length).toBeGreaterThan(1_000);
    expect(text.startsWith(words)).toBe(true);
  });

  test("holds no more than the cap, whatever it would become", () => {
    const words = textOf(encode(Buffer.alloc(30_000_000, "a")), null, coding);
    expect(Buffer.byteLength(words)).toBeLessThanOrEqual(capBytes);
    expect(words).toMatch(/^a+$|cannot be read/);
  });
});

test.each([
  ["compress", "abc"],
  ["gzip, gzip", "abc"],
  ["gzip", "not gzip"],
  ["constructor", "abc"],
])("the coding %s that cannot be read is named", (coding, bytes) => {
  expect(read(Buffer.from(bytes), null, coding)).toEqual({
    text: `(${bytes.length} bytes in the content coding "${coding}", which cannot be read)`,
    isWhole: false,
  });
});
