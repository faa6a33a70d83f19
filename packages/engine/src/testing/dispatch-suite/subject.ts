import type {
  CircuitLedger,
  Claimed,
  ClaimFrom,
  ClaimLedger,
  DueDelivery,
  Outcome,
  OutcomeLedger,
  SettingsLedger,
  SweepLedger,
} from "../../ports/ledger.ts";
import type { AttemptView, DeliveryView } from "../../ports/views.ts";

/** The instant the suites call now; a ledger under test is migrated at it. A Wednesday. */
export const suiteNowMs = Date.parse("2026-03-04T10:00:00.000Z");
export const minuteMs = 60_000;
export const dayMs = 86_400_000;

/** A partner made for one test. Its endpoints get every event that is enqueued for it. */
export interface TestPartner {
  readonly id: string;
  readonly no: number;
}

/** What a test reads of one delivery, in the words of the HTTP API. */
export type ReadDelivery = Pick<
  DeliveryView,
  "state" | "reason" | "attempts_made" | "next_attempt_at" | "finished_at" | "last_status" | "last_error"
> & { readonly attempts: readonly Pick<AttemptView, "n" | "status" | "error">[] };

/** A ledger as a dispatcher meets it, and what its tests do to it from outside. */
export interface DispatchSubject {
  readonly ledger: ClaimLedger &
    OutcomeLedger &
    CircuitLedger &
    SettingsLedger &
    Pick<SweepLedger, "duePartners">;
  /** `ordered`: deliveries with the same key go one after the other. Default: no order. */
  makePartner(endpoints?: readonly string[], ordered?: boolean): Promise<TestPartner>;
  changePartner(
    of: TestPartner,
    settings: { readonly ratePerSecond: number; readonly burst: number; readonly maxInFlight: number },
  ): Promise<void>;
  pausePartner(of: TestPartner, paused: boolean): Promise<void>;
  disableEndpoint(of: TestPartner, id: string): Promise<void>;
  removeEndpoint(of: TestPartner, id: string): Promise<void>;
  resumeEndpoint(of: TestPartner, id: string): Promise<void>;
  /**
   * Enqueues a delivery per endpoint for each event, due at `nowMs`: so many events without a key, or one for each of these keys.
   * Resolves to the ids of all that waits for the partner, oldest first.
   */
  enqueue(to: TestPartner, events: number | readonly string[], nowMs?: number): Promise<readonly string[]>;
  /** The ids of all that waits for the partner, oldest first. */
  waiting(of: TestPartner): Promise<readonly string[]>;
  read(id: string): Promise<ReadDelivery>;
}

/** One claim of one partner. Without a fence it opens a turn. */
export async function claimOf(
  { ledger }: { readonly ledger: ClaimLedger },
  of: TestPartner,
  nowMs: number,
  more: { limit?: number; fence?: number; busy?: readonly string[]; from?: ClaimFrom | null } = {},
): Promise<Claimed> {
  const { limit = 1_000, fence = null, busy = [], from = null } = more;
  const [claimed] = await ledger.claim([{ partnerNo: of.no, fence, limit, busyIds: busy, from }], [], nowMs);
  return claimed!;
}

/** The number of an endpoint, as settings have it. */
export async function endpointNoOf(
  { ledger }: { readonly ledger: SettingsLedger },
  of: TestPartner,
  id: string,
): Promise<number> {
  const [settings] = await ledger.settings([of.no], suiteNowMs);
  return settings!.endpoints.find((endpoint) => endpoint.id === id)!.endpointNo;
}

type Turn = Pick<Claimed, "partnerNo" | "fence">;

const attempt = (delivery: DueDelivery, atMs: number, status: number) => ({
  n: delivery.attemptsMade + 1,
  atMs,
  durationMs: 3,
  status,
  error: status === 200 ? null : `status ${status}`,
  responseBody: "ok",
  endpointVersion: 1,
});

/** An outcome that ends the delivery: delivered for 200, dead for anything else. */
export function ended(
  { partnerNo, fence }: Turn,
  delivery: DueDelivery,
  atMs: number,
  status: number,
): Outcome {
  const change =
    status === 200
      ? ({ kind: "finish", state: "delivered", reason: "accepted_by_partner", atMs, error: null } as const)
      : ({
          kind: "finish",
          state: "dead",
          reason: "retries_exhausted",
          atMs,
          error: `status ${status}`,
        } as const);
  return { deliveryId: delivery.id, partnerNo, fence, attempt: attempt(delivery, atMs, status), change };
}

/** An outcome after which the delivery waits until `dueAtMs`. */
export function retried(
  { partnerNo, fence }: Turn,
  delivery: DueDelivery,
  atMs: number,
  dueAtMs: number,
  clientErrors = 0,
): Outcome {
  return {
    deliveryId: delivery.id,
    partnerNo,
    fence,
    attempt: attempt(delivery, atMs, 503),
    change: { kind: "retry", dueAtMs, clientErrors, error: "status 503" },
  };
}
