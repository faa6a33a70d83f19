import { describe, expect, it } from "vitest";
import { aDelivery, aGroup, aReplay } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

const requests = (calls: readonly { method: string; body: string }[]) =>
  calls.filter((call) => call.method === "POST").map((call) => JSON.parse(call.body));

describe("dead-letters", () => {
  const groups = { "GET /v1/delivery-groups": { body: { matched: 12, groups: [aGroup()] } } };

  it("groups them, and says how to go on", async () => {
    const { stdout, calls } = await runCli(["dead-letters", "--partner", "acme"], { routes: groups });
    expect(calls[0]?.path).toBe("/v1/delivery-groups?partner=acme&state=dead");
    expect(stdout).toContain(
      "acme     main      retries_exhausted     503  HTTP 503       12  2h ago  2m ago",
    );
    expect(stdout).toContain("12 dead letters. See each: postrider dead-letters show --partner acme");
  });

  it("lists them flat", async () => {
    const { calls } = await runCli(["dead-letters", "show"], {
      routes: { "GET /v1/deliveries": { body: { deliveries: [aDelivery()] } } },
    });
    expect(calls[0]?.path).toBe("/v1/deliveries?state=dead&limit=50");
  });

  it.each([
    [["--since", "10m"], "time=finished&since=2026-01-31T11%3A50%3A00.000Z", " ended in the last 10m"],
    [
      ["--since", "10m", "--time", "accepted"],
      "time=accepted&since=2026-01-31T11%3A50%3A00.000Z",
      " were accepted in the last 10m",
    ],
    [
      ["--partner", "acme", "--since", "2026-01-31 09:00", "--until", "1h"],
      "partner=acme&time=finished&since=2026-01-31T09%3A00%3A00.000Z&until=2026-01-31T11%3A00%3A00.000Z",
      " of acme ended since 2026-01-31 09:00:00Z and before 2026-01-31 11:00:00Z",
    ],
    [
      ["--endpoint", "main", "--reason", "rejected"],
      "endpoint=main&reason=rejected",
      " of endpoints called main with the reason rejected",
    ],
    [
      ["--partner", "acme", "--endpoint", "main", "--type", "a.*"],
      "partner=acme&endpoint=main&type=a.*",
      " of acme/main of the type a.*",
    ],
    [[], "", ""],
  ])("%j asks by the time of ending, and says no more than was asked", async (flags, query, scope) => {
    for (const [command, path] of [
      [["dead-letters"], "/v1/delivery-groups"],
      [["dead-letters", "show"], "/v1/deliveries"],
    ] as const) {
      const { stdout, calls } = await runCli([...command, ...flags], {
        routes: {
          "GET /v1/delivery-groups": { body: { matched: 0, groups: [] } },
          "GET /v1/deliveries": { body: { deliveries: [] } },
        },
      });
      expect(calls[0]?.path.replace(/&limit=50$/, "")).toBe(
        `${path}?${query}${query === "" ? "" : "&"}state=dead`,
      );
      expect(stdout).toBe(`No dead letters${scope}.\n`);
    }
  });

  it("a name that is not known is no all-clear: exit 4, with the nearest", async () => {
    const error = {
      code: "not_found",
      message: "There is no partner amce, and never was one.",
      hint: "Did you mean acme?",
    };
    const { code, stdout, stderr } = await runCli(["dead-letters", "--partner", "amce"], {
      routes: { "GET /v1/delivery-groups": { status: 404, body: { error } } },
    });
    expect([code, stdout]).toEqual([4, ""]);
    expect(stderr).toContain("Did you mean acme?");
  });

  it("names deleted ones as such", async () => {
    const deleted = aGroup({ endpoint_deleted: true, partner_deleted: true });
    const { stdout } = await runCli(["dead-letters"], {
      routes: { "GET /v1/delivery-groups": { body: { matched: 24, groups: [deleted, aGroup()] } } },
    });
    expect(stdout).toContain("acme (deleted)  main (deleted)  retries_exhausted");
    expect(stdout).toContain("acme            main            retries_exhausted");
  });

  describe("replay", () => {
    const routes = {
      "POST /v1/replays": (call: { body: string }) => ({
        status: 202,
        body: { replay_id: JSON.parse(call.body).dry_run ? null : "rpl_1", matched: 12, groups: [aGroup()] },
      }),
      "GET /v1/replays/rpl_1": [
        { body: aReplay({ replayed: 5 }) },
        {
          body: aReplay({
            replayed: 11,
            skipped: 1,
            skipped_causes: [{ cause: "already_pending", count: 1 }],
            state: "done",
          }),
        },
      ],
    };
    it("shows the dry run, asks, replays and follows it to its end", async () => {
      const { code, stdout, questions, calls } = await runCli(
        ["dead-letters", "replay", "--partner", "acme", "--rate", "20"],
        { routes, columns: 120, typed: "yes" },
      );
      expect(code).toBe(0);
      expect(questions).toEqual(["Replay 12 deliveries? [y/N] "]);
      const filter = { partner: "acme", state: "dead" };
      expect(requests(calls)).toEqual([
        { filter, dry_run: true },
        { filter, dry_run: false, rate_per_second: 20 },
      ]);
      expect(stdout).toContain("LAST ERROR");
      expect(stdout).toContain(
        "Replay rpl_1 is done: 11 deliveries put back to pending, 1 skipped (1 already pending)",
      );
    });

    it("replays nothing without a yes", async () => {
      const no = await runCli(["dead-letters", "replay"], { routes, columns: 120, typed: "n" });
      expect([no.code, requests(no.calls)]).toEqual([1, [{ filter: { state: "dead" }, dry_run: true }]]);
      const nobody = await runCli(["dead-letters", "replay"], { routes });
      expect([nobody.code, requests(nobody.calls).length]).toEqual([2, 1]);
      expect(nobody.stderr).toContain("--yes");
      const dry = await runCli(["dead-letters", "replay", "--dry-run"], { routes });
      expect([dry.code, requests(dry.calls).length]).toEqual([0, 1]);
      expect(dry.stdout).toContain("Would replay 12 deliveries.");
    });

    it("takes ids, and answers one JSON document", async () => {
      const { stdout, calls } = await runCli(
        ["dead-letters", "replay", "dlv_1", "dlv_2", "--yes", "--json"],
        { routes },
      );
      expect(requests(calls)[1]?.filter).toEqual({ state: "dead", delivery_ids: ["dlv_1", "dlv_2"] });
      expect(JSON.parse(stdout)).toMatchObject({ replay_id: "rpl_1", state: "done", replayed: 11 });
    });

    it("fails where the replay was cancelled by someone", async () => {
      const { code } = await runCli(["dead-letters", "replay", "--yes"], {
        routes: { ...routes, "GET /v1/replays/rpl_1": { body: aReplay({ state: "cancelled" }) } },
      });
      expect(code).toBe(1);
    });

    it("says what is left out and what will wait, before it asks", async () => {
      const body = {
        replay_id: null,
        matched: 12,
        groups: [aGroup()],
        skipped: [
          { cause: "endpoint_deleted", count: 5 },
          { cause: "some_new_cause", count: 1 },
        ],
        waiting: [{ cause: "partner_paused", count: 12 }],
      };
      const { stdout } = await runCli(["dead-letters", "replay", "--dry-run"], {
        routes: { "POST /v1/replays": { body } },
      });
      expect(stdout).toContain("Left out: 5 of a deleted endpoint, 1 some_new_cause.");
      expect(stdout).toContain("12 of them will wait until the partner is resumed");
      const nothing = await runCli(["dead-letters", "replay"], {
        routes: { "POST /v1/replays": { body: { ...body, matched: 0, groups: [], waiting: [] } } },
      });
      expect([nothing.code, nothing.stdout]).toEqual([
        0,
        "Nothing to replay: left out are 5 of a deleted endpoint, 1 some_new_cause.\n",
      ]);
    });

    it("ids of which none is known end with 1", async () => {
      const routes = {
        "POST /v1/replays": { body: { replay_id: null, matched: 0, groups: [], skipped: [] } },
      };
      for (const more of [[], ["--json"]])
        expect((await runCli(["dead-letters", "replay", "nosuch", ...more], { routes })).code).toBe(1);
    });

    it.each([
      [["--partner", "acme"], { partner: "acme", state: "dead" }],
      [["--since", "1h"], { time: "finished", since: "2026-01-31T11:00:00.000Z", state: "dead" }],
      [["--since", "1h", "--state", "delivered"], { since: "2026-01-31T11:00:00.000Z", state: "delivered" }],
    ])("%j selects by the time of ending where that can be asked", async (flags, filter) => {
      const { calls } = await runCli(["dead-letters", "replay", "--dry-run", ...flags], { routes });
      expect(requests(calls)[0]?.filter).toEqual(filter);
    });

    it.each([
      [{ partner: "acme", state: "dead", type: "a.*" }, " --partner acme --type 'a.*'"],
      [{ time: "finished", since: "2026-01-31T11:00:00Z", endpoint: "main" }, " --endpoint main"],
      [{ since: "2026-01-31T11:00:00Z", reason: "expired" }, " --since 2026-01-31T11:00:00Z"],
      [{ delivery_ids: ["dlv_7", "dlv_8"] }, " show dlv_7"],
      [{}, ""],
    ] as const)("%j ends with a command that finds what was replayed", async (filter, flags) => {
      const { stdout } = await runCli(["dead-letters", "replay", "--yes"], {
        routes: {
          ...routes,
          "GET /v1/replays/rpl_1": { body: aReplay({ state: "done", replayed: 12, filter }) },
        },
      });
      expect(stdout).toMatch(/How they end: .*$/m);
      expect(stdout.split("How they end: ")[1]).toBe(`postrider deliveries${flags}\n`);
    });

    it("is content with nothing to do", async () => {
      const { code, stdout } = await runCli(["dead-letters", "replay"], {
        routes: { "POST /v1/replays": { body: { replay_id: null, matched: 0, groups: [] } } },
      });
      expect(code).toBe(0);
      expect(stdout).toContain("Nothing to replay");
    });
  });
});
