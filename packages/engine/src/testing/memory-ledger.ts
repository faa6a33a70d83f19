import { endpointDefaults, type EndpointDocument } from "../core/documents.ts";
import type {
  StoredAttempt,
  Claimed,
  ClaimFrom,
  DispatchLedger,
  DueDelivery,
  EndpointHold,
  Outcome,
  PartnerSettings,
  StoredCircuit,
  StoredKey,
} from "../ports/ledger.ts";
import { TransientFault } from "./chaos.ts";

interface Row extends DueDelivery {
  readonly partnerNo: number;
}

interface PartnerRow {
  settings: PartnerSettings;
  paused: boolean;
  fence: number;
  cursorMs: number;
}

/**
 * The dispatcher's side of a ledger in memory, for tests of dispatch. It passes the dispatch suite (`dispatch-suite.ts`), as the SQL ledger
 * does: claims, fences, outcomes, holds, cursors, circuits, order keys. It is one process's, so a lease is what a test says; it has no replays,
 * upkeep, watch or other processes, and answers them with nothing. Test code reaches into it by the fields and verbs that the port lacks.
 */
export interface MemoryLedger extends DispatchLedger {
  readonly pending: Map<string, Row>;
  readonly finished: Map<string, Outcome>;
  readonly attempts: (StoredAttempt & { readonly deliveryId: string })[];
  readonly holds: EndpointHold[];
  /** By endpoint number. */
  readonly circuits: Map<number, StoredCircuit>;
  readonly calls: Record<"claim" | "record" | "saveCursors" | "saveCircuits" | "settings", number>;
  /** What a claim says of the lease. Default: none. */
  leaseMs: number;
  /** The server went away: nobody may rely on a lease. */
  lose(): void;
  partner(partnerNo: number): PartnerRow;
  /** Makes or changes a partner with one endpoint per document; endpoint numbers are `partnerNo * 10`, `+ 1`, … */
  putPartner(
    partnerNo: number,
    settings?: Partial<PartnerSettings>,
    documents?: readonly Partial<EndpointDocument>[],
  ): void;
  /** Enqueues deliveries of an endpoint, due now. Resolves to their ids. */
  enqueue(endpointNo: number, count: number, nowMs: number, more?: Partial<DueDelivery>): string[];
  resume(endpointNo: number): void;
}

/** Without replays. */
const laneOf = ({ attemptsMade }: DueDelivery) => Math.min(attemptsMade, 1);

/** Whether a claim that begins there reads a row. */
function isBehind(row: DueDelivery, { lanes, sinceMs }: ClaimFrom, heldUntilMs: number): boolean {
  const { dueAtMs, id } = lanes[laneOf(row)]!;
  return heldUntilMs > sinceMs || row.dueAtMs > dueAtMs || (row.dueAtMs === dueAtMs && row.id > (id ?? ""));
}

/** HMAC key of every partner in a memory ledger. */
export const memoryKey: StoredKey = {
  scheme: "v1",
  secretText: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
  retiresAtMs: null,
};

export function createMemoryLedger(): MemoryLedger {
  const partners = new Map<number, PartnerRow>();
  const heldUntilMs = new Map<number, number>();
  const pending = new Map<string, Row>();
  const finished = new Map<string, Outcome>();
  const attempts: (StoredAttempt & { deliveryId: string })[] = [];
  const holds: EndpointHold[] = [];
  const calls = { claim: 0, record: 0, saveCursors: 0, saveCircuits: 0, settings: 0 };
  const circuits = new Map<number, StoredCircuit>();
  const lost = new Set<() => void>();
  let ids = 0;

  const partner = (partnerNo: number): PartnerRow => {
    const row = partners.get(partnerNo);
    if (!row) throw new Error(`There is no partner ${partnerNo} in the memory ledger.`);
    return row;
  };
  const due = (partnerNo: number, nowMs: number) =>
    [...pending.values()].filter(
      (row) =>
        row.partnerNo === partnerNo &&
        row.dueAtMs <= nowMs &&
        (heldUntilMs.get(row.endpointNo) ?? 0) <= nowMs &&
        isOpen(row) &&
        isFirstOfKey(row),
    );
  /** Its endpoint is there and enabled. */
  const isOpen = ({ partnerNo, endpointNo }: Row) =>
    partner(partnerNo).settings.endpoints.some(
      (endpoint) => endpoint.endpointNo === endpointNo && endpoint.document.enabled,
    );
  /** Of a key, the first that was enqueued may go: holds of an order are for the ledgers' own suite. */
  const isFirstOfKey = ({ id, endpointNo, orderKey }: Row) =>
    orderKey === null ||
    ![...pending.values()].some(
      (other) => other.endpointNo === endpointNo && other.orderKey === orderKey && other.id < id,
    );

  /** The next of an ended delivery's key is due from then on. */
  const freeNextOfKey = ({ endpointNo, orderKey }: Row, atMs: number) => {
    const next = [...pending.values()].find(
      (other) => orderKey !== null && other.endpointNo === endpointNo && other.orderKey === orderKey,
    );
    if (next) pending.set(next.id, { ...next, dueAtMs: Math.max(next.dueAtMs, atMs) });
  };

  const ofPartner = (partnerNo: number): StoredCircuit[] | null => {
    const found = [...circuits.values()].filter(
      ({ endpointNo }) => Math.floor(endpointNo / 10) === partnerNo,
    );
    return found.length > 0 ? found : null;
  };

  /** When more is due after now. */
  const nextDue = (partnerNo: number, nowMs: number): number | null => {
    const times = [...pending.values()]
      .filter((row) => row.partnerNo === partnerNo && isOpen(row) && isFirstOfKey(row))
      .map(({ dueAtMs, endpointNo }) => Math.max(dueAtMs, heldUntilMs.get(endpointNo) ?? 0))
      .filter((atMs) => atMs > nowMs && Number.isFinite(atMs));
    return times.length > 0 ? Math.min(...times) : null;
  };

  const recordOne = ({ deliveryId, partnerNo, fence, attempt, change }: Outcome, again: boolean) => {
    const known =
      again &&
      attempt &&
      attempts.some(
        (row) => row.deliveryId === deliveryId && row.n === attempt.n && row.atMs === attempt.atMs,
      );
    if (attempt && !known) attempts.push({ ...attempt, deliveryId });
    const row = pending.get(deliveryId);
    const holds = partner(partnerNo).fence === fence;
    if (!row) return;
    if (change.kind === "retry") {
      const attemptsMade = Math.max(row.attemptsMade, attempt?.n ?? 0);
      if (holds)
        pending.set(deliveryId, {
          ...row,
          dueAtMs: change.dueAtMs,
          clientErrors: change.clientErrors,
          attemptsBefore: change.attemptsBefore ?? row.attemptsBefore,
          attemptsMade,
        });
    } else if (holds || change.state === "delivered") {
      pending.delete(deliveryId);
      freeNextOfKey(row, change.atMs);
      finished.set(deliveryId, { deliveryId, partnerNo, fence, attempt, change });
    }
  };

  return {
    pending,
    finished,
    attempts,
    holds,
    circuits,
    calls,
    partner,
    putPartner(partnerNo, settings = {}, documents = [{}]) {
      const before = partners.get(partnerNo);
      const version = (before?.settings.version ?? 0) + 1;
      const base = {
        partnerNo,
        id: `partner-${partnerNo}`,
        ratePerSecond: null,
        burst: null,
        maxInFlight: 16,
        keys: [memoryKey],
      };
      const endpoints = documents.map((document, index) => ({
        endpointNo: partnerNo * 10 + index,
        id: `endpoint-${index}`,
        version,
        document: {
          ...endpointDefaults,
          url: "https://partner.example/pb",
          body: "envelope" as const,
          ...document,
        },
      }));
      partners.set(partnerNo, {
        paused: false,
        fence: 0,
        cursorMs: 0,
        ...before,
        settings: { ...base, endpoints, ...settings, version },
      });
    },
    enqueue(endpointNo, count, nowMs, more = {}) {
      return Array.from({ length: count }, () => {
        const id = `dlv-${String(++ids).padStart(6, "0")}`;
        const facts = {
          eventId: `ev-${ids}`,
          type: "a.b",
          schemaVersion: 1,
          occurredAt: new Date(nowMs).toISOString(),
          dataText: '{"n":1}',
        };
        const counts = {
          attemptsMade: 0,
          clientErrors: 0,
          attemptsBefore: 0,
          expiresAtMs: null,
          orderKey: null,
          item: null,
        };
        const times = { acceptedAtMs: nowMs, dueAtMs: nowMs, enqueuedAtMs: nowMs };
        pending.set(id, {
          id,
          endpointNo,
          partnerNo: Math.floor(endpointNo / 10),
          ...facts,
          ...counts,
          ...times,
          ...more,
        });
        return id;
      });
    },
    resume(endpointNo) {
      heldUntilMs.delete(endpointNo);
      circuits.delete(endpointNo);
      const row = partner(Math.floor(endpointNo / 10));
      const endpoints = row.settings.endpoints.map((one) =>
        one.endpointNo === endpointNo ? { ...one, circuitNo: (one.circuitNo ?? 0) + 1 } : one,
      );
      row.settings = { ...row.settings, endpoints, version: row.settings.version + 1 };
    },

    leaseMs: Number.POSITIVE_INFINITY,
    lose() {
      for (const tell of lost) tell();
    },

    async claim(requests, asideIds, nowMs) {
      calls.claim += 1;
      const { leaseMs } = this;
      return requests.flatMap(({ partnerNo, fence, limit, busyIds, passOver, from }): Claimed[] => {
        const row = partners.get(partnerNo);
        if (!row) return [];
        const busy = new Set([...busyIds, ...asideIds]);
        if (fence === null) row.fence += 1;
        const passed = fence !== null && fence !== row.fence;
        const standing: Claimed["standing"] = passed ? "elsewhere" : row.paused ? "inactive" : "held";
        const rows =
          standing === "held"
            ? due(partnerNo, nowMs)
                .filter(({ id, endpointNo }) => !busy.has(id) && !passOver?.includes(endpointNo))
                .filter((row) => !from || isBehind(row, from, heldUntilMs.get(row.endpointNo) ?? 0))
            : [];
        rows.sort((a, b) => laneOf(a) - laneOf(b) || a.dueAtMs - b.dueAtMs || (a.id < b.id ? -1 : 1));
        const turn = {
          partnerNo,
          fence: fence ?? row.fence,
          standing,
          leaseMs,
          version: row.settings.version,
          limiterCursorMs: row.cursorMs,
          nextDueAtMs: standing === "held" && limit > 0 ? nextDue(partnerNo, nowMs) : null,
          circuits: fence === null ? ofPartner(partnerNo) : null,
        };
        const deliveries = rows.slice(0, limit);
        const last = deliveries.at(-1);
        return [{ ...turn, deliveries, lastLane: last ? laneOf(last) : null }];
      });
    },
    async settings(partnerNos) {
      calls.settings += 1;
      return partnerNos.flatMap((partnerNo) => partners.get(partnerNo)?.settings ?? []);
    },
    async record(outcomes, again) {
      calls.record += 1;
      for (const outcome of outcomes) recordOne(outcome, again);
    },
    async fanOut(splits) {
      for (const { deliveryId, partnerNo, fence, items } of splits) {
        const row = pending.get(deliveryId);
        if (!row || row.item !== null || partner(partnerNo).fence !== fence) continue;
        for (let n = 1; n <= items; n++) {
          const id = n === 1 ? row.id : `${row.id}-${String(n).padStart(4, "0")}`;
          const counts = { attemptsMade: 0, clientErrors: 0, attemptsBefore: 0 };
          pending.set(id, { ...row, ...(n === 1 ? {} : counts), id, item: { n, of: items } });
        }
      }
    },
    async hold(given) {
      holds.push(...given);
      for (const { endpointNo, untilMs } of given)
        heldUntilMs.set(
          endpointNo,
          Math.max(heldUntilMs.get(endpointNo) ?? 0, untilMs ?? Number.POSITIVE_INFINITY),
        );
    },
    async saveCursors(saves) {
      calls.saveCursors += 1;
      const kept = saves.filter(({ partnerNo, fence }) => partner(partnerNo).fence === fence);
      for (const { partnerNo, cursorMs } of kept) partner(partnerNo).cursorMs = cursorMs;
      return kept.map(({ partnerNo }) => partnerNo);
    },
    async saveCircuits(saves) {
      calls.saveCircuits += 1;
      for (const { partnerNo, fence, endpointNo, circuitNo, circuit } of saves) {
        const { settings, fence: current } = partner(partnerNo);
        const endpoint = settings.endpoints.find((one) => one.endpointNo === endpointNo);
        if (current !== fence || (endpoint?.circuitNo ?? 0) !== circuitNo) continue;
        if (circuit) circuits.set(endpointNo, { endpointNo, circuitNo, circuit });
        else circuits.delete(endpointNo);
      }
    },
    oldBacklogs: async () => [],
    silentPartners: async () => [],
    async duePartners(untilMs) {
      const earliest = new Map<number, number>();
      for (const row of pending.values()) {
        const { partnerNo, endpointNo, dueAtMs } = row;
        const atMs = Math.max(dueAtMs, heldUntilMs.get(endpointNo) ?? 0);
        if (atMs <= untilMs && !partner(partnerNo).paused && isOpen(row) && isFirstOfKey(row))
          earliest.set(partnerNo, Math.min(atMs, earliest.get(partnerNo) ?? atMs));
      }
      return [...earliest].map(([partnerNo, dueAtMs]) => ({ partnerNo, dueAtMs }));
    },
    async closeTurns(closes) {
      for (const { partnerNo, fence, cursorMs } of closes)
        if (cursorMs !== null && partner(partnerNo).fence === fence) partner(partnerNo).cursorMs = cursorMs;
      return [];
    },
    tellHolders: async () => {},
    attend: async () => ({ alive: 1, first: true, idlest: null, foundDead: 0, time: null }),
    cutBack: async () => 0,
    declare: async () => {},
    othersAllow: async () => [],
    passOn: async () => {},
    leave: async () => {},
    onLost: (listener) => void lost.add(listener),
    advanceReplays: async () => ({ partnerNos: [], running: 0 }),
    keepUp: async () => {},
    isTransient: (error) => error instanceof TransientFault,
  };
}
