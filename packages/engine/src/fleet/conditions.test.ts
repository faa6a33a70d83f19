import { expect, test } from "vitest";
import type { ConditionEvent } from "../ports/telemetry.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createConditions } from "./conditions.ts";

const startMs = Date.parse("2026-03-04T10:00:00Z");

function bench() {
  const clock = createManualClock(startMs);
  const told: (readonly [ConditionEvent["phase"], string, string])[] = [];
  const conditions = createConditions({
    clock,
    telemetry: { condition: ({ phase, name, message }) => void told.push([phase, name, message]) },
  });
  return { clock, told, conditions };
}

test("a condition is told of when it begins, each minute while it lasts, and when it is over", async () => {
  const { clock, told, conditions } = bench();
  conditions.set("redis_unusable", "one");
  conditions.set("redis_unusable", "one");
  expect(told).toEqual([["begins", "redis_unusable", "one"]]);
  await clock.advance(59_999);
  expect(told).toHaveLength(1);
  await clock.advance(1);
  await clock.advance(60_000);
  expect(told.slice(1)).toEqual([
    ["lasts", "redis_unusable", "one"],
    ["lasts", "redis_unusable", "one"],
  ]);
  conditions.set("redis_unusable", null);
  conditions.set("redis_unusable", null);
  expect(told.slice(3)).toEqual([["over", "redis_unusable", "one"]]);
  await clock.advance(200_000);
  expect([told.length, clock.sleepers()]).toEqual([4, 0]);
});

test("it is listed with the words of now and the time at which it began, until it is over", async () => {
  const { clock, told, conditions } = bench();
  conditions.set("clock_off", "it is 4 s off");
  await clock.advance(5_000);
  conditions.set("clock_off", "it is 9 s off");
  conditions.set("key_missing", "a key is missing");
  expect(conditions.list()).toEqual([
    { name: "clock_off", message: "it is 9 s off", sinceMs: startMs },
    { name: "key_missing", message: "a key is missing", sinceMs: startMs + 5_000 },
  ]);
  await clock.advance(55_000);
  expect(told.at(-1)).toEqual(["lasts", "clock_off", "it is 9 s off"]);
  conditions.set("clock_off", null);
  expect(conditions.list()).toMatchObject([{ name: "key_missing" }]);
});

test("one that comes and goes is told of once a minute at most", async () => {
  const { clock, told, conditions } = bench();
  for (let second = 0; second < 100; second += 1) {
    conditions.set("listening_lost", "lost");
    await clock.advance(500);
    conditions.set("listening_lost", null);
    await clock.advance(500);
  }
  expect(told.map(([phase]) => phase)).toEqual(["begins", "over", "begins", "over"]);
  conditions.set("listening_lost", "lost");
  await clock.advance(60_000);
  expect(told.map(([phase]) => phase).slice(4)).toEqual(["begins"]);
});

test("conditions are told of apart, and nothing is told after a stop", async () => {
  const { clock, told, conditions } = bench();
  conditions.set("redis_unusable", "no Redis");
  await clock.advance(30_000);
  conditions.set("key_missing", "no key");
  await clock.advance(60_000);
  expect(told.map(([phase, name]) => `${phase} ${name}`)).toEqual([
    "begins redis_unusable",
    "begins key_missing",
    "lasts redis_unusable",
    "lasts key_missing",
  ]);
  conditions.stop();
  await clock.advance(600_000);
  expect([told.length, clock.sleepers()]).toEqual([4, 0]);
});
