import type {
  AcceptEvent,
  AcceptResult,
  Condition,
  Endpoint,
  Engine,
  Operations,
  Partner,
} from "@postrider/engine";
import { createFakeOperations } from "./fake-operations.ts";

/** An engine without a ledger: remembers partners and endpoints, and what it was asked. */
export interface FakeEngine extends Engine {
  /** The events of each `accept`, in order. */
  readonly acceptCalls: AcceptEvent[][];
  readonly rung: number[];
  /** Names of operations called, with their arguments but for signals. */
  readonly asked: [string, ...unknown[]][];
  sweeps: number;
  /** Replaces what `accept` does. */
  acceptWith: ((events: readonly AcceptEvent[]) => Promise<readonly AcceptResult[]>) | null;
  /** Makes every operation of the ledger fail. */
  failWith: Error | null;
  /** Names of operations that fail, each alone. */
  readonly failing: Set<string>;
  progressMs: number;
  held: Condition[];
  skewMs: number | null;
  fleet: Awaited<ReturnType<Engine["processes"]>>;
}

const aRequest = { method: "POST", url: "https://a.example/", headers: {}, body: "{}" };

export function createFakeEngine(): FakeEngine {
  const partners = new Map<string, Partner>();
  const endpoints = new Map<string, Endpoint>();
  const seen = new Map<string, string>();

  const accept = (events: readonly AcceptEvent[]): AcceptResult[] =>
    events.map((event) => {
      const { event_id } = event;
      const text = JSON.stringify(event);
      const before = seen.get(event_id);
      if (before === undefined) seen.set(event_id, text);
      return {
        event_id,
        status: before === undefined ? "accepted" : before === text ? "duplicate" : "conflict",
        deliveries: 1,
      };
    });

  const operations = createFakeOperations(partners, endpoints);

  const fake: FakeEngine = {
    acceptCalls: [],
    rung: [],
    asked: [],
    sweeps: 0,
    acceptWith: null,
    failWith: null,
    failing: new Set(),
    progressMs: Date.now(),
    held: [],
    skewMs: null,
    fleet: [],
    description: { ledger: "fake", turns: "fake", ledgerId: "fake-ledger", copied: false },
    events: {
      accept: (events, nowMs = Date.now()) => fake.events.acceptJudged(events, nowMs),
      async acceptJudged(events) {
        fake.acceptCalls.push([...events]);
        if (fake.failWith !== null) throw fake.failWith;
        return {
          results: fake.acceptWith === null ? accept(events) : await fake.acceptWith(events),
          partnerNos: [7],
        };
      },
    },
    operations: new Proxy(operations, {
      get:
        (target, name: keyof Operations) =>
        async (...given: unknown[]) => {
          fake.asked.push([
            name,
            ...given.filter((one) => one !== undefined && !(one instanceof AbortSignal)),
          ]);
          if (fake.failing.has(name)) throw new Error(`${name} fails`);
          if (fake.failWith !== null) throw fake.failWith;
          return (target[name] as (...all: unknown[]) => unknown)(...given);
        },
    }),
    turns: () => ({ reach: "process", fault: null }),
    ring: (partnerNos) => void fake.rung.push(...partnerNos),
    sweepNow: () => void (fake.sweeps += 1),
    testPostback: async (owner, id) =>
      endpoints.has(`${owner}/${id}`)
        ? {
            request: aRequest,
            response: { status: 200, body: "ok", duration_ms: 3, failure: null },
            verdict: "accepted",
            rule: null,
            error: null,
          }
        : null,
    shown: {
      preview: async (owner, id, { document }) =>
        endpoints.has(`${owner}/${id}`) || (partners.has(owner) && document !== undefined)
          ? { request: aRequest, warnings: [] }
          : null,
      attemptRequest: async (delivery, n) =>
        delivery === "dlv_1" && (n ?? 1) === 1
          ? {
              delivery,
              n: 1,
              at: "2026-01-31T10:00:00.000Z",
              endpoint_version: 1,
              exact: true,
              differs: [],
              request: aRequest,
            }
          : null,
    },
    async checkReady() {
      fake.asked.push(["checkReady"]);
      return fake.failWith === null ? null : "the ledger cannot be reached";
    },
    room: () => ({ accepting: fake.failWith === null, bytes: null, freeBytes: 12 }),
    conditions: () => fake.held,
    now: () => Date.now(),
    clockSkewMs: () => fake.skewMs,
    processes: async () => {
      if (fake.failWith !== null) throw fake.failWith;
      return fake.fleet;
    },
    start: async () => {},
    stop: async () => {},
    progress: () => ({
      dispatching: true,
      lastProgressMs: fake.progressMs,
      inFlight: 1,
      turnsActive: 2,
      turnsWaiting: 3,
      unrecorded: 4,
      alive: 1,
    }),
  };
  return fake;
}
