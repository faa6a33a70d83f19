import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";

const path = "POST /v1/partners/acme/endpoints/main/reclassify";
const group = {
  state: "delivered",
  reason: "accepted_by_partner",
  would_be: "dead",
  rule: 1,
  note: "unknown click",
  count: 2,
  examples: [{ delivery_id: "dlv_1", status: 200, answer: "success=false" }],
};
const page = {
  judged: 2,
  wrongly_delivered: 2,
  groups: [group],
  not_judged: { no_answer: 0, not_kept: 1, cut: 0 },
  replay: null,
};
const older = { ...page, not_judged: { no_answer: 3, not_kept: 0, cut: 0 } };
const pages = { [path]: [{ body: { ...page, next_cursor: "b2xkZXI" } }, { body: older }] };

test("all pages are added up, and nothing is changed", async () => {
  const run = await runCli(["reclassify", "acme", "main", "--since", "2026-01-01"], { routes: pages });
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(
    / 4 +delivered: accepted_by_partner +dead +verdicts\[1\] \(unknown click\) +success=false +dlv_1/,
  );
  expect(run.stdout).toContain("Not judged: 3 had no answer, 1 whose answer is no longer kept.");
  expect(run.stdout).toContain("4 answers judged. Booked as delivered, and not delivered by the rules: 4.");
  const since = "2026-01-01T00:00:00.000Z";
  expect(run.calls.map(({ body }) => JSON.parse(body))).toEqual([{ since }, { since, cursor: "b2xkZXI" }]);
});

test("rules to try come from a file, with all digits of their numbers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postrider-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rules = '[{"when":{"json":{"pointer":"/code","equals":12345678901234567890}},"then":"dead"}]';
  writeFileSync(join(folder, "rules.json"), rules);
  const run = await runCli(["reclassify", "acme", "main", "--json", "--verdicts", `@${folder}/rules.json`], {
    routes: { [path]: { body: page } },
  });
  expect(run.calls[0]!.body).toBe(`{"verdicts":${rules}}`);
  expect(JSON.parse(run.stdout)).toMatchObject({ judged: 2, wrongly_delivered: 2 });
  const wrong = await runCli(["reclassify", "acme", "main", "--verdicts", "rules.json"], { routes: {} });
  expect([wrong.code, wrong.calls.length]).toEqual([2, 0]);
});

test("a replay is asked for, made and followed; a no changes nothing", async () => {
  const replay = { replay_id: "rpl_1", matched: 2, groups: [], skipped: [], waiting: [] };
  const done = {
    replay_id: "rpl_1",
    state: "done",
    filter: { delivery_ids: ["dlv_1", "dlv_2"] },
    rate_per_second: 5,
    requested_by: "me",
    created_at: "2026-01-31T10:00:00Z",
    finished_at: null,
    matched: 2,
    replayed: 2,
    skipped: 0,
    skipped_causes: [],
  };
  const routes = {
    [path]: ({ body }: { readonly body: string }) => ({
      body: (JSON.parse(body) as { replay?: boolean }).replay ? { ...page, replay } : page,
    }),
    "GET /v1/replays/rpl_1": { body: done },
  };
  const args = ["reclassify", "acme", "main", "--replay", "--rate", "5"];
  const yes = await runCli([...args, "--yes"], { routes });
  expect(yes.stdout).toContain("Replay rpl_1 is done: 2 deliveries put back to pending.");
  expect(yes.calls.map(({ body }) => (body === "" ? null : JSON.parse(body)))).toEqual([
    {},
    { replay: true, rate_per_second: 5 },
    null,
  ]);
  const no = await runCli(args, { routes, columns: 80, typed: "n" });
  expect([no.code, no.calls.length, no.questions]).toEqual([1, 1, ["Replay 2 deliveries? [y/N] "]]);
});
