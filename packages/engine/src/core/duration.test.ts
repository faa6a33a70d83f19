import { expect, test } from "vitest";
import { parseDurationMs } from "./duration.ts";

test("a duration is read", () => {
  expect(parseDurationMs("1.5m")).toBe(90_000);
});

test.each(["", "5", "soon", "366d"])("%j is refused, with the remedy", (text) => {
  expect(() => parseDurationMs(text)).toThrow(
    expect.objectContaining({ code: "invalid_duration", hint: expect.stringContaining("250ms") }),
  );
});

test("a long text is cut in the message", () => {
  expect(() => parseDurationMs("9".repeat(10_000))).toThrow(
    expect.objectContaining({ message: expect.toSatisfy((text: string) => text.length < 100) }),
  );
});
