import { describe, expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { createGate } from "./gate.ts";

function createSubject() {
  const clock = createManualClock(1_000_000);
  const gate = createGate({
    places: { small: 3, any: 2, whole: 1 },
    mostWaiting: 2,
    waitMs: 5_000,
    clock,
    busy: () => new Error("busy"),
  });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (kind: "small" | "any" | "whole", name: string, signal?: AbortSignal) => {
    const result = gate.run(
      kind,
      () => {
        begun.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
      },
      signal,
    );
    return result.catch((error: Error) => error.message);
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await settle();
  };
  return { clock, run, end, begun };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a gate", () => {
  test("keeps a place for what is small, and lets only one read everything", async () => {
    const { run, begun } = createSubject();
    for (const name of ["w1", "w2"]) void run("whole", name);
    for (const name of ["a1", "a2", "a3"]) void run("any", name);
    for (const name of ["s1", "s2"]) void run("small", name);
    await settle();
    expect(begun).toEqual(["w1", "a1", "s1"]);
  });

  test("gives a place that becomes free to the first that may have it", async () => {
    const { run, end, begun } = createSubject();
    for (const name of ["w1", "w2"]) void run("whole", name);
    for (const name of ["a1", "a2"]) void run("any", name);
    await end("a1");
    expect(begun).toEqual(["w1", "a1", "a2"]);
    await end("w1");
    expect(begun).toEqual(["w1", "a1", "a2", "w2"]);
  });

  test("refuses what comes when too many of its kind wait, and nobody of another kind", async () => {
    const { run, begun } = createSubject();
    for (const name of ["a1", "a2", "a3", "a4"]) void run("any", name);
    expect(await run("any", "a5")).toBe("busy");
    void run("small", "s1");
    await settle();
    expect(begun).toEqual(["a1", "a2", "s1"]);
  });

  test("lets go of one that has waited for too long", async () => {
    const { run, clock, end, begun } = createSubject();
    void run("whole", "w1");
    const late = run("whole", "w2");
    await clock.advance(5_000);
    expect(await late).toBe("busy");
    await end("w1");
    expect(begun).toEqual(["w1"]);
  });

  test("lets go of one whose signal aborts, and keeps the place of one that has begun until its work ends", async () => {
    const { run, end, begun } = createSubject();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = run("whole", "w1", first.signal);
    const waiting = run("whole", "w2", second.signal);
    void run("whole", "w3");
    first.abort(new Error("gone"));
    second.abort(new Error("gone"));
    expect(await Promise.all([running, waiting])).toEqual(["gone", "gone"]);
    expect(begun).toEqual(["w1"]);
    await end("w1");
    expect(begun).toEqual(["w1", "w3"]);
    expect(await run("small", "s1", AbortSignal.abort(new Error("gone before")))).toBe("gone before");
  });
});
