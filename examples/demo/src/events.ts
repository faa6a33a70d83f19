import { readFileSync } from "node:fs";
import type { DemoEvent } from "./catalogue.ts";
import { githubDefinitions } from "./github-payloads.ts";

/** Every example body of every kind and edition, each as an event of its own. */
export function githubEvents(): DemoEvent[] {
  return githubDefinitions().flatMap(({ edition, name, examples }) =>
    examples.map(
      (data, n): DemoEvent => ({
        event_id: `${edition}/${name}/${n + 1}`,
        type: `github.${name}`,
        occurred_at: "2026-01-31T10:00:00Z",
        data,
      }),
    ),
  );
}

/** The conversions of conversions.ndjson. Their shape is the catalogue's business: it refuses what does not fit. */
export function conversionEvents(): DemoEvent[] {
  const text = readFileSync(new URL("../conversions.ndjson", import.meta.url), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as DemoEvent);
}
