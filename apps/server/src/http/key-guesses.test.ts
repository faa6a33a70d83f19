import { PostriderError } from "@postrider/engine";
import { expect, test } from "vitest";
import { createKeyGuesses } from "./key-guesses.ts";

test("an address may guess again in the next window, and is told of again", () => {
  let nowMs = 0;
  const told: { address: string; before: number }[] = [];
  const guesses = createKeyGuesses(
    () => nowMs,
    (guess) => told.push(guess),
  );
  const isRefused = () => {
    try {
      guesses.count("192.0.2.1");
      return false;
    } catch (error) {
      return error instanceof PostriderError && error.retryAfterSeconds;
    }
  };
  expect(Array.from({ length: 22 }, isRefused)).toEqual([...Array(20).fill(false), 60, 60]);
  nowMs = 59_999;
  expect(isRefused()).toBe(1);
  nowMs = 60_000;
  expect(isRefused()).toBe(false);
  expect(told).toEqual([
    { address: "192.0.2.1", before: 0 },
    { address: "192.0.2.1", before: 23 },
  ]);
});

test("a million addresses take bounded memory and lines, and old ones make room", () => {
  let nowMs = 0;
  const told = new Set<string>();
  const guesses = createKeyGuesses(
    () => nowMs,
    ({ address }) => told.add(address),
  );
  const countAll = (prefix: string) => {
    for (let index = 0; index < 100_000; index += 1) {
      try {
        guesses.count(`${prefix}${index}`);
      } catch {}
    }
  };
  countAll("a");
  expect(told.size).toBe(1_001);
  nowMs = 120_000;
  countAll("b");
  expect(told.size).toBe(2_001);
});
