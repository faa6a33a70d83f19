import { describe, expect, it } from "vitest";
import { aGroup } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

const answering = (changes: object = {}) => ({
  "POST /v1/retries": ({ body }: { readonly body: string }) => ({
    body: {
      matched: 3,
      groups: [aGroup({ state: "pending", reason: null, count: 3 })],
      skipped: [{ cause: "not_before", count: 2 }],
      waiting: [{ cause: "circuit_open", count: 3 }],
      retried: (JSON.parse(body) as { dry_run: boolean }).dry_run ? 0 : 2,
      ...changes,
    },
  }),
});

describe("retry-now", () => {
  it("shows what waits and what will still hold it, and makes it due", async () => {
    const run = await runCli(["retry-now", "dlv_1", "--type", "a.*", "--yes"], { routes: answering() });
    expect(run.stdout).toContain("Left out: 2 before the event's own not_before.");
    expect(run.stdout).toContain("3 of them will wait until a probe of the endpoint succeeds");
    expect(run.stdout).toContain("2 deliveries are due now; 1 went on by themselves meanwhile.\n");
    const filter = { type: "a.*", delivery_ids: ["dlv_1"] };
    expect(run.calls.map(({ body }) => JSON.parse(body))).toEqual([
      { filter, dry_run: true },
      { filter, dry_run: false },
    ]);
  });

  it("what holds those that are due already is named beside those that it makes due", async () => {
    const routes = answering({ due_waiting: [{ cause: "partner_paused", count: 1_000 }] });
    const run = await runCli(["retry-now", "--partner", "acme", "--dry-run"], { routes });
    expect(run.stdout).toContain("1,000 of those due already will wait until the partner is resumed");
  });

  it("a dry run, a no and no filter change nothing", async () => {
    const dry = await runCli(["retry-now", "--partner", "acme", "--dry-run"], { routes: answering() });
    expect([dry.code, dry.calls.length]).toEqual([0, 1]);
    expect(dry.stdout).toContain("Would send 3 deliveries now.");
    const no = await runCli(["retry-now", "--partner", "acme"], {
      routes: answering(),
      columns: 80,
      typed: "n",
    });
    expect([no.code, no.calls.length, no.questions]).toEqual([1, 1, ["Send 3 deliveries now? [y/N] "]]);
    const all = await runCli(["retry-now", "--yes"], { routes: answering() });
    expect([all.code, all.calls.length]).toEqual([2, 0]);
  });

  it("nothing to do is said with its cause; ids of which none is known end with 1", async () => {
    const due = answering({
      matched: 0,
      groups: [],
      waiting: [],
      skipped: [{ cause: "already_due", count: 4 }],
    });
    const again = await runCli(["retry-now", "--partner", "acme", "--yes"], { routes: due });
    expect([again.code, again.stdout]).toEqual([0, "Nothing to send now: 4 due already.\n"]);
    const held = answering({
      matched: 0,
      groups: [],
      waiting: [],
      skipped: [{ cause: "already_due", count: 4 }],
      due_waiting: [
        { cause: "endpoint_paused", count: 3 },
        { cause: "circuit_open", count: 1 },
      ],
    });
    expect((await runCli(["retry-now", "--partner", "acme", "--dry-run"], { routes: held })).stdout).toBe(
      "Nothing to send now: 4 due already.\n" +
        "3 of those due already will wait until the endpoint is resumed (postrider endpoints resume).\n" +
        "1 of those due already will wait until a probe of the endpoint succeeds, or its circuit is closed (postrider endpoints resume).\n",
    );
    const none = answering({ matched: 0, groups: [], waiting: [], skipped: [] });
    const unknown = await runCli(["retry-now", "nosuch", "--yes"], { routes: none });
    expect([unknown.code, unknown.stdout]).toEqual([
      1,
      "Nothing to send now: no waiting delivery matches.\n",
    ]);
    expect((await runCli(["retry-now", "--partner", "acme", "--json"], { routes: none })).code).toBe(0);
  });
});
