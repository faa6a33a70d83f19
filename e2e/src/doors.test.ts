/** The two doors of a real server on PostgreSQL, asked about the same documents. */
import { eventDocuments } from "@postrider/engine/testing";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { postgresLedger } from "./ledgers.ts";
import { apiKey, startServer } from "./server-process.ts";

interface Result {
  readonly status: string;
  readonly error?: string | null;
}

/** Over HTTP the near miss of an unknown key is named too, and odd keys have their own spelling. */
const plain = (error: string | null | undefined) =>
  error?.replaceAll(
    /(^|; )[^;]*? is not known(?:; (?:did you mean \w+\?|known are [\w, ]+))?/g,
    "$1unknown",
  ) ?? null;

describe.skipIf(postgresLedger === undefined)("HTTP and SQL on one ledger", () => {
  test("judge every document alike, with the same words", async () => {
    using ledger = await postgresLedger!.fresh();
    await using server = await startServer(ledger.env);
    const client = new pg.Client({ connectionString: ledger.databaseUrl ?? "" });
    await client.connect();
    try {
      for (const [what, json] of eventDocuments) {
        // In a batch of its own, so that each has a result over HTTP too.
        const { rows } = await client.query<Result>("select status, error from postrider.accept($1)", [
          `[${json}]`,
        ]);
        await client.query("delete from postrider.event_keys");
        const answer = await fetch(`${server.url}/v1/events`, {
          method: "POST",
          headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
          body: `{"events":[${json}]}`,
        });
        await client.query("delete from postrider.event_keys");
        const [result] = ((await answer.json()) as { results: Result[] }).results;
        expect([what, result?.status, plain(result?.error)]).toEqual([
          what,
          rows[0]?.status,
          plain(rows[0]?.error),
        ]);
        expect([what, answer.status]).toEqual([what, result?.status === "accepted" ? 202 : 400]);
      }
      expect(eventDocuments.length).toBeGreaterThan(150);
    } finally {
      await client.end();
    }
  });
});
