import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import type { LedgerOperations } from "../../ledger/operations/index.ts";
import type { Sql } from "../../ledger/sql.ts";
import type { Claimed, ClaimFrom, DueDelivery, Ledger } from "../../ports/ledger.ts";
import type { AcceptEvent, EventDoor } from "../../ports/event-door.ts";
import {
  claimOf,
  dayMs,
  ended,
  minuteMs,
  retried,
  suiteNowMs,
  type TestPartner,
} from "../dispatch-suite/subject.ts";

export { dayMs, ended, minuteMs, retried, suiteNowMs, type TestPartner };

export const neighbourLeaseMs = 300;

/** A ledger under test, migrated and empty. */
export interface OpenedLedger {
  readonly door: EventDoor;
  readonly dispatch: Ledger;
  readonly operations: LedgerOperations;
  /** The same ledger as other processes see it, each with leases of `neighbourLeaseMs`; null if it belongs to one process. */
  readonly neighbours: readonly [Ledger, Ledger] | null;
  readonly sql: Sql;
  close(): Promise<void>;
}

/** Shorthands over an opened ledger; a partner's endpoints are subscribed to types that begin with its id. Every test makes partners of its own, so tests do not see each other's work. */
export function createBench(ledger: OpenedLedger) {
  const { door, dispatch, operations, sql } = ledger;
  let names = 0;
  const name = (kind: string) => `${kind}-${++names}`;

  const endpoint = (partner: string, id: string, events: readonly string[] = [`${partner}.*`]) =>
    operations.putEndpoint(
      partner,
      id,
      { ...endpointDefaults, url: "https://partner.example/", body: "envelope", events },
      suiteNowMs,
    );

  async function partner(endpoints: readonly string[] = ["main"]): Promise<TestPartner> {
    const id = name("partner");
    await operations.putPartner(id, { name: id, ...partnerDefaults }, suiteNowMs);
    for (const each of endpoints) await endpoint(id, each);
    const [row] = await sql.query<{ partner_no: number }>(
      "select partner_no from postrider.partners where id = $1",
      [id],
    );
    return { id, no: row!.partner_no };
  }

  const event = (to: TestPartner, more: Partial<AcceptEvent> = {}): AcceptEvent => ({
    event_id: name("event"),
    type: `${to.id}.made`,
    ...more,
  });

  /** Accepts `count` new events; resolves to the ids of the partner's waiting deliveries, oldest first. */
  async function enqueue(to: TestPartner, count: number, nowMs = suiteNowMs): Promise<string[]> {
    await door.accept(
      Array.from({ length: count }, () => event(to)),
      nowMs,
    );
    return waiting(to);
  }

  async function waiting(of: TestPartner): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(
      "select id from postrider.pending where partner_no = $1::int order by id",
      [of.no],
    );
    return rows.map((row) => row.id);
  }

  async function turn(
    of: TestPartner,
    nowMs: number,
    more: { limit?: number; fence?: number; busy?: readonly string[]; from?: ClaimFrom | null } = {},
  ): Promise<Claimed> {
    return claimOf({ ledger: dispatch }, of, nowMs, more);
  }

  /** A turn in which every due delivery is answered with `status`; all of them end, dead unless it is 200. */
  async function finishAll(of: TestPartner, nowMs: number, status = 500): Promise<readonly DueDelivery[]> {
    const opened = await turn(of, nowMs);
    await dispatch.record(
      opened.deliveries.map((delivery) => ended(opened, delivery, nowMs, status)),
      false,
    );
    return opened.deliveries;
  }

  return { ...ledger, name, endpoint, partner, event, enqueue, waiting, turn, finishAll };
}

export type Bench = ReturnType<typeof createBench>;
