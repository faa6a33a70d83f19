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

  describe("replay", () => {
    const routes = {
      "POST /v1/replays": (call: { body: string }) => ({
        status: 202,
        body: { replay_id: JSON.parse(call.body).dry_run ? null : "rpl_1", matched: 12, groups: [aGroup()] },
      }),
      "GET /v1/replays/rpl_1": [
        { body: aReplay({ replayed: 5 }) },
        { body: aReplay({ replayed: 11, skipped: 1, state: "done" }) },
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
      expect(stdout).toContain("Replay rpl_1 is done: 11 deliveries put back to pending, 1 skipped");
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

    it("is content with nothing to do", async () => {
      const { code, stdout } = await runCli(["dead-letters", "replay"], {
        routes: { "POST /v1/replays": { body: { replay_id: null, matched: 0, groups: [] } } },
      });
      expect(code).toBe(0);
      expect(stdout).toContain("Nothing to replay");
    });
  });
});
