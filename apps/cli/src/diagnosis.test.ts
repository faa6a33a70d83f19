import { describe, expect, it } from "vitest";
import type { Status } from "./api-client.ts";
import { diagnose, type DoctorFacts } from "./diagnosis.ts";
import { CliError } from "./exit.ts";
import { runCli, testNowMs } from "./testing/run-cli.ts";

const status: Status = {
  version: "0.1.0",
  roles: ["api", "worker"],
  ledger: { adapter: "pglite", version: "PostgreSQL 18", migration: 3 },
  turns: { adapter: "in-process" },
  clock: { server_time: "2026-01-31T12:00:00Z", ledger_time: "2026-01-31T12:00:00Z", skew_ms: 0 },
  dispatcher: {
    dispatching: true,
    last_progress_at: "2026-01-31T11:59:58Z",
    in_flight: 1,
    turns_active: 2,
    turns_waiting: 0,
    unrecorded: 0,
  },
  backlog: { pending: 3, oldest_due_at: "2026-01-31T11:59:59Z" },
  endpoints: { open: 0, half_open: 0, ramping: 0, failing: 0, refusing: 0 },
};
const balanced = { accepted: 10, pending: 3, finished: { delivered: 6, dead: 1 }, drift: 0 };
const facts = (changes: Partial<DoctorFacts> = {}): DoctorFacts => ({
  settings: { url: "http://127.0.0.1:4400", urlFrom: "default", apiKey: "k", apiKeyFrom: "--api-key" },
  dataDir: "/data",
  keyFileMode: 0o600,
  askedMs: testNowMs - 5,
  answeredMs: testNowMs + 5,
  status: { value: status },
  conservation: { value: balanced },
  warnings: { value: { checked: 3, more: false, warnings: [] } },
  ...changes,
});
const withStatus = (changes: Partial<Status>) => facts({ status: { value: { ...status, ...changes } } });
const check = (name: string, given: DoctorFacts) => diagnose(given).find((item) => item.name === name);

describe("doctor", () => {
  it("names endpoints that cannot be signed for, and the remedy", () => {
    const missing = [
      { partner: "acme", endpoint: "main", scheme: "v1a" },
      { partner: "beta", endpoint: "old", scheme: "v1" },
    ] as const;
    expect(check("signing keys", withStatus({ signing_keys_missing: missing }))).toMatchObject({
      verdict: "failure",
      found: expect.stringContaining("acme/main (v1a), beta/old (v1)"),
      remedy: expect.stringContaining("postrider partners rotate-secret acme --scheme v1a"),
    });
    expect(check("signing keys", withStatus({ signing_keys_missing: [] }))).toBeUndefined();
  });

  it("names what keeps deleted rows from being removed, and the remedy; only if there is something", () => {
    const holder = (found: string, since: string | null) => ({
      kind: "transaction" as const,
      name: "pg_dump",
      found,
      since,
      transactions: 9,
      remedy: "End it.",
    });
    const dump = holder("a transaction of pg_dump, pid 4711 (active)", "2026-01-31T11:30:00Z");
    const vacuum = { held_back_by: [dump], unseen: 0, dead_pending: 2_000_000 };
    expect(check("vacuum", withStatus({ vacuum }))).toEqual({
      name: "vacuum",
      verdict: "warning",
      found:
        "held back by a transaction of pg_dump, pid 4711 (active), for 30m: 2,000,000 deleted rows of waiting deliveries not removed",
      remedy: "End it.",
    });
    const slot = holder("the replication slot old (unused)", null);
    expect(check("vacuum", withStatus({ vacuum: { ...vacuum, held_back_by: [slot, dump] } }))?.found).toMatch(
      /^held back by the replication slot old \(unused\), and 1 more: /,
    );
    const none = { held_back_by: [], unseen: 3, dead_pending: 200_000 };
    expect(check("vacuum", withStatus({ vacuum: none }))?.remedy).toContain("grant pg_monitor");
    for (const calm of [{ ...none, unseen: 0 }, { ...none, dead_pending: 10 }, undefined])
      expect(check("vacuum", withStatus(calm === undefined ? {} : { vacuum: calm }))).toBeUndefined();
  });

  it("names counters that come to their end", () => {
    const running = (used: number) =>
      check("numbers", withStatus({ numbers_running_out: [{ counter: "partners.partner_no", used }] }));
    expect(running(0.829)).toMatchObject({
      verdict: "warning",
      found: expect.stringContaining("partners.partner_no (82 % used)"),
      remedy: expect.stringContaining("Numbers that run out"),
    });
    expect(running(1)).toMatchObject({ verdict: "failure" });
    expect(check("numbers", withStatus({ numbers_running_out: [] }))).toBeUndefined();
  });

  it("says why Redis cannot be used, and nothing to servers that do not tell", () => {
    const fault = "REDIS_URL has no password and Redis wants one: write redis://user:password@host.";
    expect(check("redis", withStatus({ turns: { adapter: "redis", reach: "process", fault } }))).toEqual({
      name: "redis",
      verdict: "warning",
      found: "rings reach this process only",
      remedy: fault,
    });
    expect(
      check("redis", withStatus({ turns: { adapter: "redis", reach: "cluster", fault: null } })),
    ).toMatchObject({ verdict: "ok", found: "rings reach every process" });
    expect(check("redis", withStatus({ turns: { adapter: "redis" } }))).toBeUndefined();
    expect(
      check("redis", withStatus({ turns: { adapter: "in-process", reach: "process", fault: null } })),
    ).toBeUndefined();
  });

  it("finds all well, with the figures", () => {
    const checks = diagnose(facts());
    expect(checks.map((item) => item.verdict)).toEqual(checks.map(() => "ok"));
    expect(checks.map((item) => item.name)).toEqual([
      "settings",
      "key file",
      "server",
      "ledger",
      "clock, here and ledger",
      "clock, server and ledger",
      "dispatcher",
      "backlog",
      "endpoints",
      "macros",
      "conservation",
    ]);
    expect(check("conservation", facts())?.found).toBe(
      "10 accepted = 7 terminal + 3 pending (6 delivered, 1 dead)",
    );
  });

  it("says why there is no key, and one refusing endpoint in the singular", () => {
    const apiKeyFrom = "there is no /srv/.postrider/api-key";
    expect(
      check("settings", facts({ settings: { ...facts().settings, apiKey: null, apiKeyFrom } }))?.found,
    ).toContain(", no API key (there is no /srv/.postrider/api-key)");
    const one = { open: 0, half_open: 0, ramping: 0, failing: 0, refusing: 1 };
    expect(check("endpoints", facts({ status: { value: { ...status, endpoints: one } } }))?.found).toBe(
      "1 that refuses every request",
    );
  });

  it.each([
    ["settings", facts({ settings: { ...facts().settings, apiKey: null } }), "failure"],
    ["key file", facts({ keyFileMode: 0o644 }), "warning"],
    [
      "server",
      facts({ status: { error: new CliError("unreachable", "No server.", { hint: "Start one." }) } }),
      "failure",
    ],
    [
      "clock, here and ledger",
      facts({ askedMs: testNowMs - 8_000, answeredMs: testNowMs - 7_000 }),
      "warning",
    ],
    [
      "clock, here and ledger",
      facts({ askedMs: testNowMs + 90_000, answeredMs: testNowMs + 90_000 }),
      "failure",
    ],
    ["clock, server and ledger", withStatus({ clock: { ...status.clock, skew_ms: -70_000 } }), "warning"],
    ["dispatcher", withStatus({ dispatcher: { ...status.dispatcher, dispatching: false } }), "warning"],
    [
      "dispatcher",
      withStatus({ dispatcher: { ...status.dispatcher, last_progress_at: "2026-01-31T11:59:00Z" } }),
      "failure",
    ],
    ["backlog", withStatus({ backlog: { pending: 3, oldest_due_at: "2026-01-31T11:50:00Z" } }), "warning"],
    ["backlog", withStatus({ backlog: { pending: 3, oldest_due_at: "2026-01-31T08:00:00Z" } }), "failure"],
    ["endpoints", withStatus({ endpoints: { ...status.endpoints, refusing: 1 } }), "warning"],
    ["endpoints", withStatus({ endpoints: { ...status.endpoints, open: 2, failing: 9 } }), "warning"],
    ["endpoints", withStatus({ endpoints: { ...status.endpoints, half_open: 1 } }), "warning"],
    ["endpoints", withStatus({ endpoints: { ...status.endpoints, paused: 1, failing: 4 } }), "warning"],
    ["conservation", facts({ conservation: { value: { ...balanced, accepted: 11, drift: 1 } } }), "failure"],
    ["conservation", facts({ conservation: { value: { ...balanced, drift: 1 } } }), "failure"],
    [
      "conservation",
      facts({ conservation: { error: new CliError("failed", "The ledger cannot be reached.") } }),
      "failure",
    ],
    [
      "macros",
      facts({
        warnings: {
          value: {
            checked: 200,
            more: true,
            warnings: [
              {
                partner: "acme",
                endpoint: "main",
                code: "unfilled_macro",
                macro: "data.payuot",
                nearest: null,
                message: "None had it.",
              },
            ],
          },
        },
      }),
      "warning",
    ],
  ] as const)("%s can go wrong, and says what to do (%#)", (name, given, verdict) => {
    expect(check(name, given)).toMatchObject({ verdict, remedy: expect.stringMatching(/\w/) });
  });

  it("says how many endpoints are not well; failing a little or coming back is no warning", () => {
    const endpoints = { paused: 2, open: 1, half_open: 1, ramping: 3, failing: 4, refusing: 1_000 };
    expect(check("endpoints", withStatus({ endpoints }))?.found).toBe(
      "2 paused, 2 with an open circuit, 1,000 that refuse every request, 4 failing, 3 coming back",
    );
    expect(
      check("endpoints", withStatus({ endpoints: { ...status.endpoints, failing: 2, ramping: 1 } })),
    ).toEqual({
      name: "endpoints",
      verdict: "ok",
      found: "none is held back or refuses; 2 failing, 1 coming back",
    });
    const paused = check("endpoints", withStatus({ endpoints: { ...status.endpoints, paused: 1 } }));
    expect(paused).toMatchObject({ found: "1 paused", remedy: expect.stringContaining("endpoints resume") });
    expect(check("endpoints", withStatus({ endpoints: status.endpoints }))?.verdict).toBe("ok");
  });

  const one = { name: "host-a:11", self: true, version: "1.2.3", dispatching: true, conditions: [] };
  const other = { ...one, name: "host-b:22", self: false };

  it("has a line for each condition of each process of the ledger, with the process's name and the remedy", () => {
    const clockOff = {
      name: "clock_off",
      message: "It is 600 s ahead. Set it.",
      since: "2026-01-31T11:00:00Z",
    };
    const noRedis = { name: "redis_unusable", message: "No password.", since: "2026-01-31T11:30:00Z" };
    const checks = diagnose(
      withStatus({
        processes: [
          { ...one, conditions: [clockOff, noRedis] },
          { ...other, conditions: [clockOff, noRedis] },
        ],
      }),
    );
    expect(checks.filter(({ name }) => name === "clock_off")).toEqual([
      {
        name: "clock_off",
        verdict: "warning",
        found: "process host-b:22, since 2026-01-31T11:00:00Z",
        remedy: "It is 600 s ahead. Set it.",
      },
    ]);
    expect(checks.filter(({ name }) => name === "redis_unusable").map(({ found }) => found)).toEqual([
      "process host-a:11 (which answers here), since 2026-01-31T11:30:00Z",
      "process host-b:22, since 2026-01-31T11:30:00Z",
    ]);
  });

  it("says who is there and who dispatches", () => {
    const found = (processes: Status["processes"]) =>
      check("processes", facts({ status: { value: { ...status, ...(processes ? { processes } : {}) } } }))
        ?.found;
    expect(found([one])).toBe("1 process, 1 of them dispatches, 1.2.3");
    expect(found([one, { ...other, version: "1.2.4" }])).toBe(
      "2 processes, 2 of them dispatch, 1.2.3 and 1.2.4",
    );
    expect(found(undefined)).toBeUndefined();
  });

  it("warns of no missing worker if another process of the ledger dispatches, and fails if none does", () => {
    const dispatcher = { ...status.dispatcher, dispatching: false };
    const api = { ...one, dispatching: false };
    expect(check("dispatcher", withStatus({ dispatcher, processes: [api, other] }))).toEqual({
      name: "dispatcher",
      verdict: "ok",
      found: "this process does not dispatch; host-b:22 does",
    });
    expect(check("dispatcher", withStatus({ dispatcher, processes: [api] }))).toMatchObject({
      verdict: "failure",
      remedy: expect.stringContaining("POSTRIDER_ROLES"),
    });
  });

  it("measures ages by the ledger's clock, whatever the server's says", () => {
    const clock = {
      server_time: "2026-01-31T12:10:00Z",
      ledger_time: "2026-01-31T12:00:00Z",
      skew_ms: -600_000,
    };
    expect(check("dispatcher", withStatus({ clock }))?.verdict).toBe("ok");
    expect(check("backlog", withStatus({ clock }))?.verdict).toBe("ok");
  });

  it("answers by exit code, in lines and in JSON", async () => {
    const routes = { "GET /v1/status": { body: status }, "GET /v1/conservation": { body: balanced } };
    const well = await runCli(["doctor"], { routes });
    expect(well.code).toBe(0);
    expect(well.stdout).toContain("ok    conservation: 10 accepted = 7 terminal + 3 pending");
    const lost = await runCli(["doctor", "--json"], {
      routes: { ...routes, "GET /v1/conservation": { body: { ...balanced, accepted: 12 } } },
    });
    expect(lost.code).toBe(1);
    expect(JSON.parse(lost.stdout)).toMatchObject({ ok: false });
    const nobody = await runCli(["doctor"], { url: "http://127.0.0.1:9" });
    expect(nobody.code).toBe(3);
    expect(nobody.stdout).toContain("fail  server: No Postrider server can be reached");
  });

  it.each([
    ["too_slow", "too large to be counted"],
    ["busy", "ask again in a moment"],
  ])("takes a count that ended with %s for no fault of the ledger", (code, remedy) => {
    const error = new CliError("failed", "It was not counted.", { code });
    expect(check("conservation", facts({ conservation: { error } }))).toMatchObject({
      verdict: "warning",
      remedy: expect.stringContaining(remedy),
    });
  });

  it("says of a copied ledger that nothing is sent from it, and how it is adopted", () => {
    const ledger = { adapter: "postgresql", version: "16", migration: 12, id: "the-id", copied: true };
    expect(check("ledger", withStatus({ ledger }))).toMatchObject({
      verdict: "warning",
      found: expect.stringContaining("nothing is sent from it"),
      remedy: expect.stringContaining("POSTRIDER_ADOPT_LEDGER=the-id"),
    });
  });
});
