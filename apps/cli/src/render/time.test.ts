import { describe, expect, it } from "vitest";
import { progressLine, startProgress } from "./progress.ts";
import { clockTime, duration, fromNow } from "./time.ts";

describe("duration", () => {
  it.each([
    [0, "0ms"],
    [850, "850ms"],
    [4_249, "4.2s"],
    [12_000, "12s"],
    [200_000, "3m 20s"],
    [3_600_000, "1h"],
    [190_800_000, "2d 5h"],
  ])("%i ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe("fromNow", () => {
  const nowMs = Date.parse("2026-01-31T12:00:00Z");
  it.each([
    ["2026-01-31T11:57:00Z", "3m ago"],
    ["2026-01-31T12:00:40Z", "in 40s"],
    ["2026-01-31T12:00:00.400Z", "now"],
    ["2026-01-28T12:00:00Z", "3d ago"],
    [null, "-"],
    ["garbage", "-"],
  ])("%s is %s", (time, text) => {
    expect(fromNow(time, nowMs)).toBe(text);
  });

  it("shows clock times in UTC without fractions", () => {
    expect(clockTime("2026-01-31T13:00:00.123+01:00")).toBe("2026-01-31 12:00:00Z");
  });
});

/** What four seconds of progress write. */
const fourSeconds = (isTTY: boolean): string => {
  let nowMs = 0;
  let written = "";
  const progress = startProgress(
    { write: (text) => (written += text), isTTY, colour: false, columns: 80 },
    () => nowMs,
    "send",
  );
  for (; nowMs <= 4_000; nowMs += 50) progress.update(nowMs, 8_000);
  progress.end();
  return written;
};

describe("progress", () => {
  it("says how much, how fast and how long still", () => {
    expect(progressLine({ done: 500, total: 2_000, elapsedMs: 1_000, notes: ["accepted 500"] })).toBe(
      "500/2,000  25%  500/s  3s left  accepted 500",
    );
    expect(progressLine({ done: 500, total: null, elapsedMs: 1_000, notes: [] })).toBe("500  500/s");
    expect(progressLine({ done: 0, total: 0, elapsedMs: 0, notes: [] })).toBe("0/0");
  });

  it("redraws one line on a terminal, and writes lines now and then elsewhere", () => {
    expect(fourSeconds(true)).not.toContain("\n");
    expect(fourSeconds(true).split("\r\u001b[2K").length).toBeGreaterThan(30);
    expect(fourSeconds(false).trimEnd().split("\n")).toEqual([
      "send  2,000/8,000  25%  1,000/s  6s left",
      "send  4,000/8,000  50%  1,000/s  4s left",
    ]);
  });
});
