/** "Nothing was changed" is never said of what was committed: each operation, with no connection left after its first step. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EndpointDocument, endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import { busyPool } from "../ledger-error.ts";
import { migrate } from "../migrate.ts";
import { openPglite } from "../pglite.ts";
import { createSeal } from "../seal.ts";
import type { Sql } from "../sql.ts";
import { createOperations, type LedgerOperations, mostWaiting } from "./create-operations.ts";

const nowMs = Date.parse("2026-03-04T10:00:00.000Z");
const seal = createSeal([new Uint8Array(32).fill(7)]);
const document: EndpointDocument = {
  ...endpointDefaults,
  url: "https://crm.example/pb",
  events: ["*"],
  body: "envelope",
};

describe("if all connections are taken after the first step", () => {
  let sql: Sql;
  let plain: LedgerOperations;
  let changedPartners: number[] = [];
  beforeAll(async () => {
    sql = await openPglite({ dataDir: "memory://" });
    await migrate(sql, nowMs);
    plain = createOperations(sql, seal, { allowedTargets: new Set() });
    await plain.putPartner("acme", { ...partnerDefaults, name: "Acme" }, nowMs);
  });
  afterAll(() => sql.close());

  /** Operations whose ledger takes one step that changes, and then no more of anything. */
  const oneStep = (): LedgerOperations => {
    let stepped = false;
    const step = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (stepped) throw busyPool();
      const result = await work();
      stepped = true;
      return result;
    };
    const query: Sql["query"] = (text, values) => step(() => sql.query<never>(text, values));
    const reads: Sql["reads"] = {
      query: async (text, values) => {
        if (stepped) throw busyPool();
        return sql.query<never>(text, values);
      },
    };
    const transaction: Sql["transaction"] = (work) => step(() => sql.transaction(work));
    const limited: Sql = { ...sql, query, reads, transaction };
    changedPartners = [];
    return createOperations(limited, seal, {
      allowedTargets: new Set(),
      onPartnersChanged: (partnerNos) => void changedPartners.push(...partnerNos),
    });
  };

  type Case = [what: string, run: (operations: LedgerOperations) => Promise<unknown>, answer: object];
  test.each<Case>([
    [
      "a rotation answers with the new secret and all keys",
      (operations) => operations.rotateSecret("acme", { scheme: "v1", overlapMs: 60_000 }, nowMs),
      { signingSecret: expect.stringMatching(/^whsec_/), keys: [{ retires_at: null }, {}] },
    ],
    [
      "an endpoint is changed whose order is dropped",
      async (operations) => {
        const order = { key: "id", max_hold: "1h" } as never;
        await plain.putEndpoint("acme", "ordered", { ...document, order }, nowMs);
        return operations.putEndpoint("acme", "ordered", document, nowMs);
      },
      { created: false, endpoint: { id: "ordered", order: null } },
    ],
    [
      "an endpoint is deleted, and what waits is left to upkeep",
      async (operations) => {
        await plain.putEndpoint("acme", "gone", document, nowMs);
        return operations.deleteEndpoint("acme", "gone", nowMs);
      },
      { cancelling: true },
    ],
    [
      "a partner is deleted, and what waits is left to upkeep",
      async (operations) => {
        await plain.putPartner("bolt", { ...partnerDefaults, name: "Bolt" }, nowMs);
        return operations.deletePartner("bolt", nowMs);
      },
      { cancelling: true },
    ],
  ])("%s", async (_what, run, answer) => {
    expect(await run(oneStep())).toMatchObject(answer);
    expect(changedPartners).toHaveLength(1);
  });

  test("a replay is made without the note on its type, and cancelled", async () => {
    const made = await oneStep().createReplay(
      { filter: { type: "order.piad" }, ratePerSecond: null, requestedBy: "test" },
      nowMs,
    );
    expect(made).toMatchObject({ matched: 0, replay: { state: "done" } });
    expect(await oneStep().cancelReplay(made.replay.replay_id, nowMs)).toMatchObject({ state: "done" });
  });

  test("a refused first step changes nothing, and says so", async () => {
    const operations = oneStep();
    await operations.setPartnerState("acme", "active", nowMs);
    await expect(
      operations.rotateSecret("acme", { scheme: "v1", overlapMs: 60_000 }, nowMs),
    ).rejects.toMatchObject({ code: "busy", hint: expect.stringMatching(/^Nothing was done/) });
  });
});

describe("an operation of many steps", () => {
  const ids = Array.from({ length: 12_000 }, (_, n) => `id-${n}`);

  /** A ledger in memory whose steps wait for `gate`; `failAt` is the step that finds no connection. */
  const createSteps = ({ failAt = Number.POSITIVE_INFINITY, gate = Promise.resolve() } = {}) => {
    const done: string[] = [];
    const madeDue: number[] = [];
    const begun = Promise.withResolvers<void>();
    let steps = 0;
    const query = async (text: string): Promise<never> => {
      const rows = async (): Promise<readonly object[]> => {
        if (text.startsWith("select s.id")) return ids.map((id) => ({ id, left_as: null }));
        if (!/postrider\.(cancel_deliveries|retry_now)\(/.test(text)) {
          done.push(text.startsWith("update postrider.partners") ? "other change" : "count");
          return [];
        }
        steps += 1;
        if (steps === failAt) throw busyPool();
        begun.resolve();
        await gate;
        done.push("step");
        return [{ n: steps === 3 ? 2_000 : 5_000, partner_nos: [steps] }];
      };
      return (await rows()) as never;
    };
    const unread = async (): Promise<never> => {
      throw new Error("an operation that changes reads nothing in the time of a read");
    };
    const sql = {
      capabilities: { name: "postgresql", parallel: 1, shared: true },
      query,
      reads: { query: unread },
    } as unknown as Sql;
    const operations = createOperations(sql, seal, {
      allowedTargets: new Set(),
      onMadeDue: (partnerNos) => void madeDue.push(...partnerNos),
    });
    return { operations, done, madeDue, begun: begun.promise };
  };
  const cancel = (operations: LedgerOperations) =>
    operations.cancelDeliveries({ event_id: "order-1" }, { dryRun: false }, nowMs);
  const retry = (operations: LedgerOperations) =>
    operations.retryNow({ event_id: "order-1" }, { dryRun: false }, nowMs);

  test.each([
    ["cancelling", cancel, { cancelled: 12_000 }],
    ["sending now", retry, { result: { retried: 12_000 }, partnerNos: [1, 2, 3] }],
  ])(
    "%s counts with its steps, and waits for its place once, however many wait behind it",
    async (_, run, answer) => {
      const gate = Promise.withResolvers<void>();
      const { operations, done, begun } = createSteps({ gate: gate.promise });
      const result = run(operations);
      await begun;
      const others = Array.from({ length: mostWaiting }, () =>
        operations.setPartnerState("acme", "paused", nowMs),
      );
      await expect(operations.setPartnerState("acme", "paused", nowMs)).rejects.toMatchObject({
        code: "busy",
        hint: expect.stringMatching(/^Nothing was changed/),
      });
      gate.resolve();
      expect(await result).toMatchObject(answer);
      expect(done.slice(0, 4)).toEqual(["count", "step", "step", "step"]);
      await Promise.all(others);
    },
  );

  test.each([
    ["cancelling", cancel, "cancelled", []],
    ["sending now", retry, "made due", [1, 2]],
  ])(
    "%s that finds no connection after two steps says what was done, and those partners are told of",
    async (_, run, what, told) => {
      const { operations, madeDue } = createSteps({ failAt: 3 });
      const error = await run(operations).catch((fault: unknown) => fault);
      expect(error).toMatchObject({
        code: "busy",
        hint: expect.stringMatching(
          new RegExp(`^10000 deliveries were ${what} before that, and stay so\\. Send again after`),
        ),
      });
      expect(madeDue).toEqual(told);
      await expect(run(createSteps({ failAt: 1 }).operations)).rejects.toMatchObject({
        hint: expect.stringMatching(/^Nothing was done/),
      });
    },
  );
});
