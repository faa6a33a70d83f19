import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RecordedCall, Routes } from "../testing/fake-api.ts";
import { runCli } from "../testing/run-cli.ts";

const eventsOf = (call: RecordedCall): { event_id: string }[] => JSON.parse(call.body).events;

/** Accepts all; ids that begin with `dup`, `con` or `bad` get those results. */
const door: Routes = {
  "POST /v1/events": (call) => ({
    status: 202,
    body: {
      results: eventsOf(call).map(({ event_id }) => {
        const status =
          { dup: "duplicate", con: "conflict", bad: "invalid" }[event_id.slice(0, 3)] ?? "accepted";
        const bad = status === "conflict" || status === "invalid";
        return bad
          ? { event_id, status, deliveries: 1, error: `it is ${status}` }
          : { event_id, status, deliveries: 1 };
      }),
    },
  }),
};

describe("send, one event", () => {
  it("makes what is absent and sends the data as typed", async () => {
    const { code, stdout, calls } = await runCli(
      ["send", "order.paid", "--data", '{"id":12345678901234567890}', "--partner", "acme"],
      { routes: door },
    );
    expect(code).toBe(0);
    expect(calls[0]?.body).toBe(
      '{"events":[{"event_id":"evt-fresh","type":"order.paid","schema_version":1,"occurred_at":"2026-01-31T12:00:00.000Z","partner":"acme","data":{"id":12345678901234567890}}]}',
    );
    expect(stdout).toContain("evt-fresh is accepted, with 1 delivery.");
  });

  it("says when, for how long and in which order", async () => {
    const flags = ["--not-before", "2026-02-01T10:00:00Z", "--expires-after", "7d", "--order-key", "t-1"];
    const { calls } = await runCli(["send", "a", ...flags], { routes: door });
    expect(JSON.parse(calls[0]!.body).events).toMatchObject([
      { not_before: "2026-02-01T10:00:00Z", expires_after: "7d", order_key: "t-1" },
    ]);
  });

  it.each([
    ["2027-01-31 10:00", "2027-01-31T10:00:00.000Z"],
    ["2027-01-31", "2027-01-31T00:00:00.000Z"],
    ["2027-01-31 10:00+02:00", "2027-01-31T08:00:00.000Z"],
    ["2027-01-31T10:00:00.123456+02:00", "2027-01-31T10:00:00.123456+02:00"],
  ])("takes the time %s as the filters do", async (typed, sent) => {
    const flags = ["--not-before", typed, "--occurred-at", typed];
    const { calls } = await runCli(["send", "a", ...flags], { routes: door });
    expect(JSON.parse(calls[0]!.body).events).toMatchObject([{ not_before: sent, occurred_at: sent }]);
  });

  it.each([
    ["dup-1", 0, "duplicate"],
    ["con-1", 1, "conflict"],
    ["bad-1", 1, "invalid"],
  ])("%s ends with %i", async (id, expected, status) => {
    const { code, stdout, stderr } = await runCli(["send", "a", "--event-id", id], { routes: door });
    expect(code).toBe(expected);
    expect(stdout + stderr).toContain(status);
    const asJson = await runCli(["send", "a", "--event-id", id, "--json"], { routes: door });
    expect([asJson.code, JSON.parse(asJson.stdout).status]).toEqual([expected, status]);
  });

  it.each([
    [["send"]],
    [["send", "a", "--file", "x"]],
    [["send", "a", "--data", "{"]],
    [["send", "a", "--not-before", "tomorrow"]],
    [["send", "--file", "-", "--partner", "x"]],
    [["send", "--file", "-", "--order-key", "x"]],
  ])("%j is a usage error", async (argv) => {
    const { code, calls } = await runCli(argv, { routes: door });
    expect([code, calls.length]).toEqual([2, 0]);
  });
});

describe("send, a file", () => {
  it("sends batches of 500 verbatim, and reports the whole", async () => {
    const lines = Array.from(
      { length: 1_203 },
      (_, n) => `{"event_id":"e-${n}", "n": 1.10, "text":"one\u2028line"}`,
    );
    const folder = await mkdtemp(join(tmpdir(), "postrider-cli-"));
    await writeFile(join(folder, "events.ndjson"), `${lines.join("\r\n")}\n\n`);
    const { code, stdout, calls } = await runCli(["send", "--file", "events.ndjson"], {
      routes: door,
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(stdout).toBe("1,203 events in 0ms: 1,203 accepted, 0 duplicate, 0 conflict, 0 invalid.\n");
    expect(calls.map((call) => eventsOf(call).length).sort((a, b) => a - b)).toEqual([203, 500, 500]);
    expect(calls.some((call) => call.body.includes(lines[0] ?? "never"))).toBe(true);
  });

  it("refuses the lines that are not UTF-8 by their numbers, sends the others, and ends with 1", async () => {
    const stdin = [
      Buffer.from('\ufeff{"event_id":"e-1"}\n{"event_id":"Ren\xe9"}\n{"event_id":"e-2","data":{"name":"Ren'),
      Buffer.from([0xc3]),
      Buffer.from([0xa9]),
      Buffer.from('"}}\n'),
      Buffer.from('{"event_id":"Ren\xe9"}', "latin1"),
    ];
    const { code, stderr, calls } = await runCli(["send", "--file", "-"], { routes: door, stdin });
    expect(code).toBe(1);
    expect(eventsOf(calls[0]!)).toEqual([
      { event_id: "e-1" },
      { event_id: "Ren\xe9" },
      { event_id: "e-2", data: { name: "Ren\xe9" } },
    ]);
    expect(stderr).toBe("line 4: invalid: not valid UTF-8 (save the file as UTF-8)\n");
  });

  const two = [
    { event_id: "e-1", type: "a", data: { text: "a [ b { \\" } },
    { event_id: "e-2", type: "a" },
  ];

  it.each([
    ["the document of the API", JSON.stringify({ events: two }, null, 2), "one document over several lines"],
    ["the same, compact", JSON.stringify({ events: two }), "a list of events"],
    ["a compact list", JSON.stringify(two), "a list of events"],
    ["a printed list", JSON.stringify(two, null, 2), "one document over several lines"],
    ["a list, one event a line", "[\n" + JSON.stringify(two[0]) + "\n]", "one document over several lines"],
    [
      "the API's, one event a line",
      '\n{"events": [\n' + JSON.stringify(two[0]) + "\n]}",
      "one document over several lines",
    ],
    ["one event, printed", JSON.stringify(two[0], null, 2), "one document over several lines"],
  ])("refuses %s before anything is sent", async (_, stdin, what) => {
    const { code, stdout, stderr, calls } = await runCli(["send", "--file", "-"], { routes: door, stdin });
    expect([code, stdout, calls.length]).toEqual([2, "", 0]);
    expect(stderr).toContain(`- holds ${what}, not one event per line. Nothing was sent.`);
  });

  it.each([
    ["a first line that is broken off", '{"event_id":"e-0","data":{\n{"event_id":"e-1"}', 1],
    ["one such line alone", '{"event_id":"e-0","data":{', 0],
    ["marks in texts", '{"event_id":"[{"}\n{"event_id":"}"}', 2],
    ["data with events of its own", '{"event_id":"e-1","events":[]}', 1],
    ["no line at all", "", 0],
  ])("%s is no such document", async (_, stdin, sent) => {
    const { stdout, calls } = await runCli(["send", "--file", "-"], { routes: door, stdin });
    expect(calls.flatMap(eventsOf)).toHaveLength(sent);
    expect(stdout).toContain(`${sent} accepted`);
  });

  it("lists conflicts and invalid lines with their numbers, and ends with 1", async () => {
    const stdin = [
      '{"event_id":"e-1"}',
      "nonsense",
      '{"event_id":"dup-1"}',
      "",
      '{"event_id":"con-1"}',
      "[1]",
      '{"event_id":"bad-1"}',
    ].join("\n");
    const { code, stdout, stderr } = await runCli(["send", "--file", "-"], { routes: door, stdin });
    expect(code).toBe(1);
    expect(stdout).toContain("6 events in 0ms: 1 accepted, 1 duplicate, 1 conflict, 3 invalid.");
    expect(
      stderr
        .trimEnd()
        .split("\n")
        .map((line) => line.split(":")[0]),
    ).toEqual(["line 2", "line 5", "line 6", "line 7"]);
    const asJson = await runCli(["send", "--file", "-", "--json"], { routes: door, stdin });
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      sent: 6,
      accepted: 1,
      problems: [{ line: 2 }, { line: 5, event_id: "con-1" }, { line: 6 }, { line: 7 }],
    });
  });

  it("names the partner that was meant", async () => {
    const invalid = {
      event_id: "e-1",
      status: "invalid",
      deliveries: 0,
      error: "partner amce does not exist",
    };
    const routes: Routes = {
      "POST /v1/events": { status: 400, body: { error: { code: "invalid_event" }, results: [invalid] } },
      "GET /v1/partners/amce": {
        status: 404,
        body: { error: { code: "not_found", message: "There is none.", hint: "Did you mean acme?" } },
      },
      "GET /v1/partners/acme": { body: {} },
    };
    const mistyped = await runCli(["send", "a.b", "--partner", "amce"], { routes });
    expect([mistyped.code, mistyped.stderr]).toEqual([
      1,
      "e-1: invalid. partner amce does not exist\nDid you mean acme?\n",
    ]);
    const other = await runCli(["send", "a.b", "--partner", "acme"], { routes });
    expect(other.stderr).toBe("e-1: invalid. partner amce does not exist\n");
  });

  it.each([
    [400, "invalid"],
    [409, "conflict"],
    [429, "backlog_full"],
  ])("reads the results of a batch that is refused with %i, and goes on", async (status, refused) => {
    const routes: Routes = {
      "POST /v1/events": (call) => {
        const ids = [...call.body.matchAll(/"event_id":"([^"]+)"/g)].map(([, id]) => id);
        const taken = ids.includes("e-500");
        const results = ids.map((event_id) => ({
          event_id,
          status: taken ? "accepted" : refused,
          deliveries: 0,
          ...(taken ? {} : { error: "why" }),
        }));
        return taken
          ? { status: 202, body: { results } }
          : { status, body: { error: { code: "any", message: "None was taken." }, results } };
      },
    };
    const stdin = Array.from({ length: 501 }, (_, n) => `{"event_id":"e-${n}"}`).join("\n");
    const { code, stdout, calls } = await runCli(["send", "--file", "-", "--json"], { routes, stdin });
    expect([code, calls.length]).toEqual([1, 2]);
    expect(JSON.parse(stdout)).toMatchObject({ sent: 501, accepted: 1, [refused]: 500 });
  });

  it("retries what passes with the same events", async () => {
    let calls = 0;
    const routes: Routes = {
      "POST /v1/events": (call) => {
        calls += 1;
        if (calls === 1)
          return { status: 503, body: { error: { code: "ledger_unavailable", message: "Not now." } } };
        return (door["POST /v1/events"] as (call: RecordedCall) => { status: number; body: unknown })(call);
      },
    };
    const result = await runCli(["send", "--file", "-"], { routes, stdin: '{"event_id":"e-1"}' });
    expect([result.code, result.calls.length]).toEqual([0, 2]);
    expect(result.calls[0]?.body).toBe(result.calls[1]?.body);
  });

  it("stops at a fault that stays, and says that going on is safe", async () => {
    const routes = {
      "POST /v1/events": {
        status: 401,
        body: { error: { code: "unauthorized", message: "The API key is missing or unknown." } },
      },
    };
    const result = await runCli(["send", "--file", "-"], { routes, stdin: '{"event_id":"e-1"}' });
    expect([result.code, result.calls.length]).toEqual([1, 1]);
    expect(result.stderr).toContain("Run the same command again");
    expect(result.stderr).toContain("The API key is missing");
  });
});
