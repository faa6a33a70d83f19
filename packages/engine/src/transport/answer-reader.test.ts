import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headCapBytes, ordinaryHeadEnd, readHead, RefusedAnswer } from "./answer-head.ts";
import { AnswerReader } from "./answer-reader.ts";

const seed = 20_261_127;

function readerAtHead(): AnswerReader {
  const reader = new AnswerReader();
  reader.begin();
  return reader;
}

/** Heads as servers write them. */
const ordinary = fc
  .record({
    version: fc.constantFrom("1.0", "1.1"),
    status: fc.integer({ min: 200, max: 999 }),
    reason: fc.constantFrom("", " ", " OK", " Très bien"),
    headers: fc.array(
      fc.tuple(
        fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/),
        fc.stringMatching(/^[\t\x20-\x7e\xa0-\xff]{0,40}$/),
      ),
      { maxLength: 8 },
    ),
    framing: fc.constantFrom("Content-Length: 12", "content-length:0 ", "Transfer-Encoding: chunked", "x: y"),
    body: fc.uint8Array({ maxLength: 200 }),
  })
  .map(({ version, status, reason, headers, framing, body }) => {
    const lines = [
      `HTTP/${version} ${status}${reason}`,
      ...headers.map(([name, value]) => `${name}:${value}`),
      framing,
    ];
    const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    return { head, bytes: Buffer.concat([head, body]) };
  });

describe("an ordinary answer", () => {
  test("passes as it came, in the same buffers, and its body is not looked at", () => {
    fc.assert(
      fc.property(ordinary, fc.uint8Array(), ({ bytes }, more) => {
        const reader = readerAtHead();
        const body = Buffer.from(more);
        expect(reader.take(bytes)).toBe(bytes);
        expect(reader.take(body)).toBe(body);
        expect(reader.begun).toBe(true);
      }),
      { seed, numRuns: 1_000 },
    );
  });

  test("in pieces is the same bytes, once its head is whole", () => {
    const places = fc.array(fc.nat(400), { maxLength: 12 });
    fc.assert(
      fc.property(ordinary, places, ({ head, bytes }, at) => {
        const reader = readerAtHead();
        const given: Buffer[] = [];
        let from = 0;
        for (const place of [
          ...at.filter((each) => each < bytes.length).toSorted((a, b) => a - b),
          bytes.length,
        ]) {
          const ready = reader.take(bytes.subarray(from, place));
          from = place;
          if (place < head.length) expect(ready).toBeNull();
          if (ready !== null) given.push(ready);
        }
        expect(Buffer.concat(given).equals(bytes)).toBe(true);
      }),
      { seed, numRuns: 1_000 },
    );
  });

  test("is read alike by the quick look and by the careful one", () => {
    fc.assert(
      fc.property(ordinary, ({ head, bytes }) => {
        expect(ordinaryHeadEnd(bytes)).toBe(head.length);
        expect(readHead(head).inOrder).toBe(true);
        expect(readHead(head).status).toBe(Number(head.subarray(9, 12)));
      }),
      { seed },
    );
  });
});

/** An ordinary answer in which some bytes are others. */
const damaged = fc
  .tuple(
    ordinary,
    fc.array(fc.tuple(fc.nat(300), fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 58), fc.nat(255))), {
      minLength: 1,
      maxLength: 5,
    }),
  )
  .map(([{ bytes }, changes]) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
    return copy;
  });

test("whatever comes passes as it came, is written anew for a strict parser, is held, or is refused", () => {
  fc.assert(
    fc.property(damaged, (bytes) => {
      const reader = readerAtHead();
      let ready: Buffer | null = null;
      try {
        ready = reader.take(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RefusedAnswer);
      }
      if (ready === null) return;
      const end = ordinaryHeadEnd(ready);
      expect(end).toBeGreaterThan(0);
      // What was written anew is not used again.
      if (!ready.equals(bytes) && !bytes.subarray(bytes.length - ready.length).equals(ready))
        expect(ready.toString("latin1", 0, end)).toContain("connection: close\r\n");
    }),
    { seed, numRuns: 5_000 },
  );
});

describe("the work is linear in the bytes", () => {
  test.each([
    ["a header that does not end", "y"],
    ["blanks", " "],
    ["carriage returns", "\r"],
    ["folds", "\n "],
    ["headers", "a:\n"],
    ["lengths", "content-length:2\n"],
  ])("for %s, byte by byte and at once", (_what, more) => {
    const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nx: ${more.repeat(300_000 / more.length)}z\r\n\r\n`);
    const startedMs = performance.now();
    const reader = readerAtHead();
    let cutAt = 0;
    for (const byte of bytes) {
      if (reader.take(Buffer.of(byte)) !== null) break;
      cutAt += 1;
    }
    expect(cutAt).toBeLessThanOrEqual(headCapBytes + 1);
    const whole = readerAtHead();
    whole.take(bytes);
    readHead(bytes);
    // Quadratic, each of these takes minutes.
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });
});
