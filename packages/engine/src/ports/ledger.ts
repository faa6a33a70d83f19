/**
 * What the dispatcher asks of the ledger, in four verbs and some upkeep. Declared by dispatch; `ledger/` has the
 * adapter. Calls are batched by the callers: every method takes the work of many partners at once.
 */
import type { Circuit } from "../core/breaker.ts";
import type { DeliveryState, Reason } from "../core/delivery.ts";
import type { EndpointDocument } from "../core/documents.ts";
import type { PostriderError } from "../core/errors.ts";
import type { Attendance, FleetProcess, LedgerTime, SignOfLife } from "./fleet.ts";

/** A place among the due deliveries of one lane: behind those due earlier, and those due then with a smaller or this id. */
export interface LanePlace {
  /** Epoch ms; -Infinity is the head. */
  readonly dueAtMs: number;
  /** Null: before all that are due then. */
  readonly id: string | null;
}

/** Where a claim begins to read. The turn has read all that was due before. */
export interface ClaimFrom {
  /** First attempts, retries, replays. */
  readonly lanes: readonly [LanePlace, LanePlace, LanePlace];
  /** When this turn last read from the heads, epoch ms: an endpoint that was held until later is read from its heads. */
  readonly sinceMs: number;
}

/** A wish for due deliveries of one partner. */
export interface ClaimRequest {
  readonly partnerNo: number;
  /** Null opens a new turn (and takes the next fence); otherwise the fence of the turn that goes on. */
  readonly fence: number | null;
  readonly limit: number;
  /** Deliveries in flight or not yet recorded: left out. */
  readonly busyIds: readonly string[];
  /** Endpoints whose deliveries are left out for now, because enough of them wait here. Absent: none. */
  readonly passOver?: readonly number[];
  /** Absent or null: read from the heads. */
  readonly from?: ClaimFrom | null;
}

/** A delivery that is due, with all that an attempt needs. */
export interface DueDelivery {
  readonly id: string;
  readonly endpointNo: number;
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly occurredAt: string;
  readonly acceptedAtMs: number;
  /** The event's data as the JSON text that was accepted. */
  readonly dataText: string;
  readonly dueAtMs: number;
  /** Acceptance, or the event's `not_before` if that is later, or the last replay. */
  readonly enqueuedAtMs: number;
  readonly attemptsMade: number;
  readonly clientErrors: number;
  /** Of `attemptsMade`, those before the last replay: the ladder begins anew, the attempt numbers go on. */
  readonly attemptsBefore: number;
  /** The event's own expiry, or null; a replay clears it. */
  readonly expiresAtMs: number | null;
  /** Of the deliveries of an endpoint with the same key one goes after the other. Null: in no order. */
  readonly orderKey: string | null;
}

/** The answer to one ClaimRequest. */
export interface Claimed {
  readonly partnerNo: number;
  readonly fence: number;
  /**
   * `held`: the turn is this process's. `inactive`: the partner is paused or deleted. `elsewhere`: another process
   * holds the turn, or a later one was opened. `unclear`: ask again. Nothing may be sent but where it is held.
   */
  readonly standing: "held" | "inactive" | "elsewhere" | "unclear";
  /**
   * For how long the turn is held, counted from before the claim was sent: after that nothing may be sent before
   * another claim. Infinity where the ledger belongs to this process alone.
   */
  readonly leaseMs: number;
  /** Changes with any change of the partner, its endpoints or keys. */
  readonly version: number;
  /** The rate limiter's cursor: see `core/rate-limit.ts`. Epoch ms. */
  readonly limiterCursorMs: number;
  /** Circuits of endpoints that are not well, where the claim opened the turn; null for nearly all partners. */
  readonly circuits: readonly StoredCircuit[] | null;
  /** When the partner next has work after now, retries that earlier turns scheduled included; null: never, or not asked for. */
  readonly nextDueAtMs: number | null;
  /** Due deliveries in the order they should go; fewer than the limit means that no more are due now, from where it was asked. */
  readonly deliveries: readonly DueDelivery[];
  /** The lane of the last of them: 0 first attempts, 1 retries, 2 replays; null where there is none. */
  readonly lastLane: number | null;
}

/** The circuit of an endpoint that is not well, as the ledger keeps it between turns and workers. */
export interface StoredCircuit {
  readonly endpointNo: number;
  /** An operator's resume or another URL moves the endpoint's number on: what was known before is void. */
  readonly circuitNo: number;
  readonly circuit: Circuit;
}

/** A circuit to keep; null: the endpoint is well. Ignored where the turn's fence was passed or the circuit's number moved on. */
export interface CircuitSave {
  readonly partnerNo: number;
  readonly fence: number;
  readonly endpointNo: number;
  readonly circuitNo: number;
  readonly circuit: Circuit | null;
}

/** One signing key as stored: the secret is sealed until the moment it is used. */
export interface StoredKey {
  readonly scheme: "v1" | "v1a";
  readonly secretText: string;
  readonly retiresAtMs: number | null;
}

/** A partner's settings as the dispatcher uses them, at one version. */
export interface PartnerSettings {
  readonly partnerNo: number;
  readonly id: string;
  readonly version: number;
  readonly ratePerSecond: number | null;
  readonly burst: number | null;
  readonly maxInFlight: number;
  /** Newest first. Empty if they are unreadable. */
  readonly keys: readonly StoredKey[];
  /** Set if the master keys of this process do not open a live key of the partner. `keyId` null: no master key does. */
  readonly unreadable?: { readonly keyId: string | null; readonly error: PostriderError };
  readonly endpoints: readonly {
    readonly endpointNo: number;
    readonly id: string;
    readonly version: number;
    /** See `StoredCircuit`. */
    readonly circuitNo?: number;
    readonly document: EndpointDocument;
  }[];
}

/** The exchange of an attempt, as it is stored. */
export interface AttemptRow {
  readonly n: number;
  readonly atMs: number;
  readonly durationMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly endpointVersion: number;
}

/** What became of a delivery in a turn. */
export interface Outcome {
  readonly deliveryId: string;
  readonly partnerNo: number;
  readonly fence: number;
  /** Null where nothing was sent (an unrenderable or expired delivery). */
  readonly attempt: AttemptRow | null;
  readonly change:
    | {
        readonly kind: "finish";
        readonly state: Exclude<DeliveryState, "pending">;
        readonly reason: Reason;
        readonly atMs: number;
        readonly error: string | null;
      }
    | {
        readonly kind: "retry";
        readonly dueAtMs: number;
        readonly clientErrors: number;
        readonly error: string | null;
        /** Set where this attempt took no step of the ladder: a probe that failed. */
        readonly attemptsBefore?: number;
      };
}

/** An endpoint that must not be called for a while (`untilMs`), or until somebody resumes it (null). */
export interface EndpointHold {
  readonly endpointNo: number;
  readonly untilMs: number | null;
  readonly note: string;
}

/** A limiter cursor to keep. Ignored where the fence has been passed. */
export interface CursorSave {
  readonly partnerNo: number;
  readonly fence: number;
  readonly cursorMs: number;
}

/** A turn to give back, with the limiter's cursor where one was used. */
export interface TurnClose {
  readonly partnerNo: number;
  readonly fence: number;
  readonly cursorMs: number | null;
}

/** How long ended deliveries are kept, with their events and attempts. */
export interface Retention {
  readonly deliveredMs: number;
  /** Of those that ended otherwise; not shorter. */
  readonly undeliveredMs: number;
}

/** What is heard from other processes. */
export interface Ring {
  /** Empty: nobody in particular, so sweep. */
  readonly partnerNos: readonly number[];
  /** Only for processes that hold a turn of theirs. */
  readonly holdersOnly: boolean;
  /** From a process that cannot serve them: to be served here, and not by whoever is next. */
  readonly passedOn: boolean;
}

export interface DispatchLedger {
  /**
   * Opens turns and reads what is due, in one statement for many partners. Claiming changes no delivery: the turn's
   * exclusivity makes a plain read enough. `asideIds` are left out, whosever they are.
   */
  claim(
    requests: readonly ClaimRequest[],
    asideIds: readonly string[],
    nowMs: number,
  ): Promise<readonly Claimed[]>;
  /** Gives turns back. Resolves to the partners that another process had work for meanwhile: ring them. */
  closeTurns(closes: readonly TurnClose[]): Promise<readonly number[]>;
  /** Asks the processes that hold these partners' turns to look again. May be lost: the close of the turn tells as well. */
  tellHolders(partnerNos: readonly number[]): Promise<void>;
  /** Tells the other processes which targets this one allows, and which master keys it has (by their ids). */
  declare(allowTargets: readonly string[]): Promise<void>;
  /** What the others allow that dispatch, or did in the last minute: a list each, equal ones once. */
  othersAllow(): Promise<readonly (readonly string[])[]>;
  /** Asks all processes to serve these partners themselves, since this one cannot. May be lost: sweeps find them as well. */
  passOn(partnerNos: readonly number[]): Promise<void>;
  /**
   * Calls back when somebody has work for partners; an empty list asks for a sweep. `holdersOnly`: it concerns only the
   * process that holds a turn of theirs. `passedOn`: another process cannot serve them, so they are served here. The connection that hears it is this process's sign of life as well: when
   * it ends, the others need not wait for the ends of leases. Resolves to a stop function.
   */
  onRing(listener: (ring: Ring) => void): Promise<() => Promise<void>>;
  /** Notes that this process is alive, and how busy: 0 idle, 1 without a pause. */
  attend(sign: SignOfLife): Promise<Attendance>;
  /** This process stops. */
  leave(): Promise<void>;
  /** What time it is; null: the ledger has no clock but this process's. Without patience: it fails if the ledger is away. */
  readTime(): Promise<LedgerTime | null>;
  /** All that gave a sign of life lately, the oldest first. Ends as soon as `signal` aborts. */
  processes(signal?: AbortSignal): Promise<readonly FleetProcess[]>;
  /**
   * Calls back when the server went away: it may come back without its last half second, so that no lease may be
   * relied on before another claim.
   */
  onLost(listener: () => void): void;
  /** Settings of these partners, for those whose version the dispatcher has not seen. */
  settings(partnerNos: readonly number[], nowMs: number): Promise<readonly PartnerSettings[]>;
  /**
   * Stores outcomes. An attempt that got an answer is always stored; a turn whose fence was passed may still finish
   * a delivery as delivered, but not reschedule or end it otherwise. One that was cancelled meanwhile and was accepted
   * by the partner is delivered. Where a delivery with an order key ends, the next of its key becomes due. `again` says that an earlier call with the same
   * outcomes failed without a known result: nothing is stored twice.
   */
  record(outcomes: readonly Outcome[], again: boolean): Promise<void>;
  hold(holds: readonly EndpointHold[]): Promise<void>;
  /** Resolves to the partners whose cursor was kept. */
  saveCursors(saves: readonly CursorSave[]): Promise<readonly number[]>;
  saveCircuits(saves: readonly CircuitSave[]): Promise<void>;
  /** Active partners whose oldest due delivery, of an endpoint that is not paused or disabled, was due before `beforeMs`. */
  oldBacklogs(
    beforeMs: number,
  ): Promise<readonly { readonly partner: string; readonly oldestDueMs: number }[]>;
  /** Active partners with `silent_after` of whose deliveries none that was accepted since then is delivered. */
  silentPartners(
    nowMs: number,
  ): Promise<readonly { readonly partner: string; readonly silentAfterMs: number }[]>;
  /**
   * Partners with work due until `untilMs` that no turn holds, and when. Costs one index probe per endpoint and lane
   * with waiting deliveries, whatever the size of their backlogs. `skipHeld` (default false): and none for partners that
   * a turn holds, for a read of all leases. The answer is the same.
   */
  duePartners(
    untilMs: number,
    skipHeld?: boolean,
  ): Promise<readonly { readonly partnerNo: number; readonly dueAtMs: number }[]>;
  /**
   * Moves running replays on: puts back up to `limit` deliveries each, within their rates. Also makes deliveries due
   * that are parked behind one of their order key which has ended. Resolves to partners to ring.
   */
  advanceReplays(
    limit: number,
    nowMs: number,
  ): Promise<{ readonly partnerNos: readonly number[]; readonly running: number }>;
  /**
   * Brings back what lies further ahead than its own rule could have put it: retries, holds, and what was accepted or replayed at
   * a time that is not yet. A `not_before` stays. Resolves to how many; they are due by then. Nothing is done if by the ledger's
   * clock `nowMs` is over for `staleAfterMs` (default: however old it is), or while another process does the same.
   */
  cutBack(nowMs: number, staleAfterMs?: number): Promise<number>;
  /**
   * Makes the partitions to come, removes what is past retention, ends what waits for deleted endpoints. May take
   * minutes, in steps; ends after one of them once `signal` is aborted.
   */
  keepUp(nowMs: number, retention: Retention, signal?: AbortSignal): Promise<void>;
  /** The numbers of an endpoint by its names, or null. */
  locate(
    partnerId: string,
    endpointId: string,
  ): Promise<{ readonly partnerNo: number; readonly endpointNo: number } | null>;
  /** True for a fault of the connection or the server that passes by itself (so the same call may be tried again). */
  isTransient(error: unknown): boolean;
}
