import type { Reclassification } from "@postrider/contract";
import { type ReclassifyRequest, readPages } from "@postrider/client";
import type { ApiClient } from "../api-client.ts";
import { defineCommand, required } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { type Output, say, sayJson } from "../context.ts";
import { spanOptions, toFilter } from "../delivery-filter.ts";
import { exitCodes } from "../exit.ts";
import { readJsonOrFile } from "../input.ts";
import { mergePages, type Reclassified } from "../reclassified.ts";
import { table } from "../render/table.ts";
import { counted, orDash } from "../render/text.ts";
import { followReplay } from "../replay-progress.ts";

type Group = Reclassified["groups"][number];

function writeGroups(out: Output, { groups, not_judged: left }: Reclassified): void {
  if (groups.length > 0) {
    out.write(
      table(
        out,
        [
          { title: "COUNT", of: (row: Group) => String(row.count), align: "right" },
          { title: "BOOKED AS", of: (row) => `${row.state}: ${row.reason}` },
          { title: "WOULD BE", of: (row) => row.would_be },
          {
            title: "RULE",
            of: (row) =>
              row.rule === null ? "-" : `verdicts[${row.rule}]${row.note === null ? "" : ` (${row.note})`}`,
          },
          { title: "AN ANSWER", of: (row) => orDash(row.examples[0]?.answer), elastic: true },
          { title: "OF DELIVERY", of: (row) => orDash(row.examples[0]?.delivery_id) },
        ],
        groups,
      ),
    );
  }
  const causes = [
    [left.no_answer, "had no answer"],
    [left.not_kept, "whose answer is no longer kept"],
    [left.cut, "whose answer was not kept in full"],
  ] as const;
  const words = causes.filter(([n]) => n > 0).map(([n, why]) => `${n} ${why}`);
  if (words.length > 0) say(out, `Not judged: ${words.join(", ")}.`);
}

/** Page by page, as far as the answers go back. */
async function readAll(
  client: ApiClient,
  [partner, endpoint]: readonly [string, string],
  request: ReclassifyRequest,
): Promise<Reclassified> {
  const pages: Reclassification[] = [];
  const read = (cursor: string | undefined) => client.reclassify(partner, endpoint, { ...request, cursor });
  for await (const page of readPages(read)) pages.push(page);
  return mergePages(pages);
}

export const reclassify = defineCommand({
  name: "reclassify",
  summary: "Judge kept answers again by verdict rules, and replay what was wrongly booked as delivered.",
  description:
    "Reads the last answer of each ended delivery of an endpoint. Without --replay nothing is changed. " +
    "--verdicts tries rules that are not stored yet; a replay is sent under the stored rules, so store them first.",
  args: [
    { name: "partner", summary: "the partner's id" },
    { name: "endpoint", summary: "the endpoint's id" },
  ],
  options: {
    verdicts: {
      kind: "text",
      value: "rules",
      summary: "rules to try: a JSON list, or @file (- for standard input); default: those of the endpoint",
    },
    ...spanOptions("accepted"),
    replay: { kind: "switch", summary: "replay what was wrongly booked as delivered" },
    rate: { kind: "number", value: "n", summary: "deliveries put back per second at most" },
    yes: { kind: "switch", summary: "do not ask" },
    detach: { kind: "switch", summary: "do not wait for the end of the replay" },
  },
  examples: [
    {
      line: "postrider reclassify acme main --verdicts @rules.json",
      meaning: "Try rules on what acme answered:",
    },
    {
      line: "postrider reclassify acme main --since 7d --replay --rate 20",
      meaning: "Send again what it refused:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const out = context.stdout;
    const names = [required(args, 0), required(args, 1)] as const;
    const { since, until } = toFilter({ since: options.since, until: options.until }, context.now());
    const verdicts =
      options.verdicts === undefined
        ? {}
        : { verdicts: (await readJsonOrFile(context, "--verdicts", options.verdicts)) as never };
    const request = { since, until, ...verdicts };
    const client = await api();
    const found = await readAll(client, names, request);
    const wrong = found.wrongly_delivered;
    if (json && !options.replay) return sayJson(out, found);
    if (!json) {
      writeGroups(out, found);
      say(
        out,
        found.judged === 0
          ? "No kept answer of an ended delivery was found."
          : `${counted(found.judged, "answer")} judged. Booked as delivered, and not delivered by the rules: ${wrong}.`,
      );
    }
    if (!options.replay || wrong === 0) {
      if (json) sayJson(out, found);
      else if (wrong > 0) say(out, "To send them again, add --replay.");
      return exitCodes.ok.code;
    }
    const question = `Replay ${counted(wrong, "delivery", "deliveries")}?`;
    if (!(await confirmed(context, question, options.yes))) {
      say(context.stderr, "Nothing was replayed.");
      return exitCodes.failed.code;
    }
    let code: number = exitCodes.ok.code;
    const rate = options.rate === undefined ? {} : { rate_per_second: options.rate };
    const read = (cursor: string | undefined) =>
      client.reclassify(...names, { ...request, cursor, replay: true, ...rate });
    for await (const { replay } of readPages(read)) {
      if (replay === null) continue;
      const ended = await followReplay(context, client, replay, { json, detach: options.detach });
      code = Math.max(code, ended);
    }
    return code;
  },
});
