import { expect, onTestFinished } from "vitest";
import { createDispatcher, type DispatcherOptions } from "../dispatch/dispatcher.ts";
import type { AttemptEvent, Telemetry } from "../ports/telemetry.ts";
import type { Exchange, PostbackRequest, Transport } from "../ports/transport.ts";
import { createInProcessTurns } from "../turns/in-process.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { createMemoryLedger, type MemoryLedger } from "./memory-ledger.ts";
import { createSeededRandom } from "./seeded-random.ts";

/** A Wednesday. */
export const benchStartMs = Date.parse("2026-03-04T10:00:00.000Z");

/** One request as a partner saw it. */
export interface SeenRequest {
  readonly atMs: number;
  readonly request: PostbackRequest;
  /** The `webhook-id`. */
  readonly id: string;
}

/** An answer after `afterMs`; `hang` comes only when the exchange is aborted or its deadline is over. */
export type Answer =
  | {
      readonly status: number;
      readonly retryAfter?: string;
      readonly afterMs?: number;
      /** What else came back. */
      readonly more?: Partial<Exchange>;
    }
  | "hang";

export const exchangeOf = (status: number | null, more: Partial<Exchange> = {}): Exchange => ({
  status,
  failure: null,
  responseBody: "",
  truncated: false,
  retryAfter: null,
  location: null,
  durationMs: 0,
  ...more,
});

/** A transport whose partners answer by a function; it obeys deadlines and aborts. */
export function createScriptedTransport(clock: ManualClock, answer: (seen: SeenRequest) => Answer) {
  const seen: SeenRequest[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const transport: Transport = {
    async send(request, signal) {
      const [atMs, startedAtMs] = [clock.now(), clock.monotonicMs()];
      const one = { atMs, request, id: new Map(request.headers).get("webhook-id")! };
      seen.push(one);
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      const said = answer(one);
      const afterMs = said === "hang" ? request.timeoutMs : (said.afterMs ?? 1);
      await clock.sleep(Math.min(afterMs, request.timeoutMs), signal);
      inFlight -= 1;
      const durationMs = clock.monotonicMs() - startedAtMs;
      if (signal?.aborted)
        return exchangeOf(null, { failure: { class: "aborted", message: "aborted" }, durationMs });
      if (said === "hang")
        return exchangeOf(null, { failure: { class: "timeout", message: "headers" }, durationMs });
      return exchangeOf(said.status, { retryAfter: said.retryAfter ?? null, durationMs, ...said.more });
    },
    close: async () => {},
  };
  return { transport, seen, mostInFlight: () => mostInFlight, inFlight: () => inFlight };
}

/** A whole dispatcher over a memory ledger, scripted partners and a clock moved by hand. */
export function createDispatchBench(
  answer: (seen: SeenRequest) => Answer = () => ({ status: 200 }),
  options: Partial<DispatcherOptions> & {
    readonly memory?: MemoryLedger;
    readonly clock?: ManualClock;
    readonly maxActive?: number;
  } = {},
) {
  const clock = options.clock ?? createManualClock(benchStartMs);
  const ledger = options.memory ?? createMemoryLedger();
  const partners = createScriptedTransport(clock, answer);
  const attempts: AttemptEvent[] = [];
  const faults: { readonly where: string; readonly error: unknown }[] = [];
  const telemetry: Telemetry = {
    attempt: (event) => attempts.push(event),
    turn() {},
    fault: (event) => faults.push(event),
  };
  const turns = createInProcessTurns({
    clock,
    telemetry,
    ...(options.maxActive ? { maxActive: options.maxActive } : {}),
  });
  const dispatcher = createDispatcher({
    ledger,
    turns,
    transport: partners.transport,
    clock,
    load: { busy: () => 0 },
    random: createSeededRandom(1),
    telemetry,
    allowedTargets: new Set(),
    userAgent: "Postrider/test",
    maxInFlight: 256,
    retention: { deliveredMs: 86_400_000, undeliveredMs: 86_400_000 },
    parallelClaims: 2,
    ...options,
  });
  return { clock, ledger, turns, dispatcher, attempts, faults, ...partners };
}

export type DispatchBench = ReturnType<typeof createDispatchBench>;

/** Starts a dispatch bench for one test, which sees at its end that nothing was left waiting. */
export async function startDispatchBench(
  ...given: Parameters<typeof createDispatchBench>
): Promise<DispatchBench> {
  const bench = createDispatchBench(...given);
  await bench.dispatcher.start();
  await bench.clock.advance(0);
  onTestFinished(() => stopDispatchBench(bench));
  return bench;
}

/** Stops the dispatcher, and sees that nothing of it is left waiting. */
export async function stopDispatchBench({ dispatcher, clock }: DispatchBench): Promise<void> {
  let over = false;
  void dispatcher.stop(100).then(() => (over = true));
  await clock.advanceUntil(() => over, 60_000, 100);
  expect(clock.sleepers()).toBe(0);
}
