import { describe, expect, it } from "vitest";
import { judgeConcurrent } from "./checks/repeats.ts";
import type { Reply } from "./exchange.ts";
import { accepted, allOf, refused, replyWords } from "./judgement.ts";

const reply = (status: number | null, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: "",
  durationMs: 1,
  fault: status === null ? "ECONNRESET: gone" : null,
});
const verdict = ({ outcome, severity }: { outcome: string; severity?: string }) => [outcome, severity];

describe("judgement", () => {
  it.each([
    [200, "pass"],
    [204, "pass"],
    [199, "fail"],
    [301, "fail"],
    [409, "fail"],
    [500, "fail"],
    [null, "fail"],
  ])("a message to take, answered %s: %s", (status, outcome) => {
    expect(accepted(reply(status), "mend").outcome).toBe(outcome);
  });

  it.each([
    [200, "fail", undefined],
    [299, "fail", undefined],
    [400, "pass", undefined],
    [401, "pass", undefined],
    [422, "pass", undefined],
    [408, "fail", "should"],
    [410, "fail", "should"],
    [429, "fail", "should"],
    [302, "fail", "should"],
    [500, "fail", "should"],
    [null, "fail", "should"],
  ])("a message to refuse, answered %s: %s", (status, outcome, severity) => {
    expect(verdict(refused(reply(status), "mend"))).toEqual([outcome, severity]);
  });

  it("takes the worst of several and tells all", () => {
    const [weak, bad, good] = [refused(reply(500), "a"), refused(reply(200), "b"), refused(reply(401), "c")];
    expect(
      allOf([
        ["x", good],
        ["y", weak],
      ]),
    ).toMatchObject({ outcome: "fail", severity: "should", came: "x: 401; y: 500" });
    expect(
      allOf([
        ["x", weak],
        ["y", bad],
        ["z", good],
      ]),
    ).toMatchObject({ outcome: "fail", fix: "b" });
    expect(allOf([["x", good]]).outcome).toBe("pass");
  });

  it("shows the start of an answer on one line", () => {
    expect(replyWords({ ...reply(500), body: `a\n b${"c".repeat(100)}` })).toMatch(/^500 a bc{77}…$/);
    expect(replyWords(reply(null))).toBe("no answer (ECONNRESET: gone)");
  });

  const busy = reply(409, { "retry-after": "1" });
  it.each([
    ["all taken", [reply(200), reply(204)], reply(200), ["pass", undefined]],
    ["one taken, others told to wait", [reply(200), busy], reply(200), ["pass", undefined]],
    ["no Retry-After", [reply(200), reply(409)], reply(200), ["fail", "should"]],
    ["a 500 among them", [reply(200), reply(500)], reply(200), ["fail", undefined]],
    ["no answer to one", [reply(200), reply(null)], reply(200), ["fail", undefined]],
    ["409 for ever", [busy, busy], busy, ["fail", undefined]],
    ["refused afterwards", [reply(200), busy], reply(401), ["fail", undefined]],
  ])("at the same time: %s", (_name, replies, last, expected) => {
    expect(verdict(judgeConcurrent(replies, last))).toEqual(expected);
  });
});
