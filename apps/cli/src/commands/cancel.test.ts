import { describe, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

const group = {
  partner: "acme",
  endpoint: "main",
  state: "pending",
  reason: null,
  last_error: null,
  last_status: null,
  count: 3,
  oldest_accepted_at: "2026-01-31T11:50:00Z",
  newest_accepted_at: "2026-01-31T11:59:00Z",
};
const answering = (cancelled: number) => ({
  "POST /v1/cancellations": ({ body }: { readonly body: string }) => ({
    body: {
      matched: 3,
      cancelled: (JSON.parse(body) as { dry_run: boolean }).dry_run ? 0 : cancelled,
      groups: [group],
    },
  }),
});

describe("cancel", () => {
  it("shows what waits, and ends it without asking where told so", async () => {
    const run = await runCli(["cancel", "--event-id", "conv-1", "--yes"], { routes: answering(2) });
    expect(run.stdout).toContain("acme");
    expect(run.stdout).toContain("Cancelled 2 deliveries; 1 ended by themselves meanwhile.\n");
    expect(run.calls.map(({ body }) => JSON.parse(body))).toEqual([
      { filter: { event_id: "conv-1" }, dry_run: true },
      { filter: { event_id: "conv-1" }, dry_run: false },
    ]);
  });

  it("a dry run ends nothing", async () => {
    const run = await runCli(["cancel", "dlv_1", "--partner", "acme", "--dry-run"], { routes: answering(3) });
    expect(run.stdout).toContain("Would cancel 3 deliveries.");
    expect(run.calls.map(({ body }) => JSON.parse(body))).toEqual([
      { filter: { partner: "acme", delivery_ids: ["dlv_1"] }, dry_run: true },
    ]);
  });

  it("asks on a terminal, and a no ends nothing", async () => {
    const run = await runCli(["cancel", "--partner", "acme"], {
      routes: answering(3),
      columns: 80,
      typed: "n",
    });
    expect(run.questions).toEqual(["Cancel 3 deliveries? [y/N] "]);
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining("Nothing was cancelled.")]);
    expect(run.calls).toHaveLength(1);
  });

  it("without ids and flags it is refused: it would cancel all that waits", async () => {
    const run = await runCli(["cancel", "--yes"], { routes: answering(3) });
    expect([run.code, run.calls.length]).toEqual([2, 0]);
  });
});
