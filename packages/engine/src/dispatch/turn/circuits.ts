import {
  afterOutcome,
  afterProbe,
  type Circuit,
  type CircuitChange,
  type FailureWindow,
  inFlightLimit,
} from "../../core/breaker.ts";
import { reasons } from "../../core/delivery.ts";
import {
  acceptingEvent,
  circuitEvent,
  deadEvent,
  goneEvent,
  refusingEvent,
  lackingEvent,
  unsignableEvent,
} from "../../core/operator-events.ts";
import { signalOf } from "../../core/signal.ts";
import type { CircuitSave, EndpointHold, StoredCircuit } from "../../ports/ledger.ts";
import type { OperatorEvents } from "../../ports/operator-events.ts";
import type { Random } from "../../ports/random.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Attempted, Job } from "../attempt.ts";
import { holdOf } from "../outcome.ts";
import type { DispatchEndpoint } from "../partner.ts";

/** What circuits need of their process. */
export interface CircuitTools {
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly operatorEvents: OperatorEvents;
  /** The latest requests of endpoints with failures, kept between turns. */
  readonly windows: Map<number, FailureWindow>;
  /** Resolves once it is stored, or cannot be. */
  saveCircuit(save: CircuitSave): Promise<void>;
}

interface Known {
  readonly circuitNo: number;
  readonly circuit: Circuit | null;
  readonly unsaved: boolean;
  /** The ledger has a row of it, which may have to go. */
  readonly stored: boolean;
}

/**
 * A turn's use of its endpoints' circuits: which may be sent to, how much at once, and what an outcome changes. It
 * begins with what the ledger keeps and stores what changes; a partner whose endpoints are well costs one look at an
 * empty map per attempt.
 */
export class Circuits {
  readonly #tools: CircuitTools;
  readonly #known = new Map<number, Known>();
  /** Attempts in flight under a permit, by endpoint. */
  readonly #inFlight = new Map<number, number>();
  /** The window in which each endpoint was last reported as refusing: an event made for each refusal took 2.5 µs. */
  readonly #refusingTold = new Map<number, number>();
  #turn = { partnerNo: 0, fence: 0 };
  #permits = 0;
  #lastSave: Promise<void> = Promise.resolve();

  constructor(tools: CircuitTools) {
    this.#tools = tools;
  }

  /** Takes over what the ledger kept, when the turn is opened. */
  load(partnerNo: number, fence: number, stored: readonly StoredCircuit[] | null): void {
    this.#turn = { partnerNo, fence };
    for (const { endpointNo, circuitNo, circuit } of stored ?? [])
      this.#known.set(endpointNo, { circuitNo, circuit, unsaved: false, stored: true });
  }

  /** Attempts in flight under a permit. */
  get inFlight(): number {
    return this.#permits;
  }

  /** How many more attempts of the endpoint may start now. */
  room(endpoint: DispatchEndpoint): number {
    if (this.#known.size === 0) return Number.POSITIVE_INFINITY;
    const circuit = this.#circuitOf(endpoint);
    if (circuit === null) return Number.POSITIVE_INFINITY;
    return inFlightLimit(circuit) - (this.#inFlight.get(endpoint.endpointNo) ?? 0);
  }

  /** Counts an attempt that is about to start; there was room. */
  begin(partner: string, endpoint: DispatchEndpoint): "probe" | "ramp" | null {
    if (this.#known.size === 0) return null;
    const circuit = this.#circuitOf(endpoint);
    if (circuit === null || !Number.isFinite(inFlightLimit(circuit))) return null;
    this.#permits += 1;
    this.#inFlight.set(endpoint.endpointNo, (this.#inFlight.get(endpoint.endpointNo) ?? 0) + 1);
    if (circuit.state !== "open") return "ramp";
    this.#tools.telemetry.circuit?.({ partner, endpoint: endpoint.id, to: "half_open" });
    return "probe";
  }

  /** Ends the count of an attempt; call it before `conclude`, and also if nothing became of it. */
  end({ permit, endpoint }: Job): void {
    if (!permit) return;
    this.#permits -= 1;
    const left = (this.#inFlight.get(endpoint.endpointNo) ?? 1) - 1;
    if (left > 0) this.#inFlight.set(endpoint.endpointNo, left);
    else this.#inFlight.delete(endpoint.endpointNo);
  }

  /** What an attempt means: for its delivery, which a failed probe costs nothing, and for the whole endpoint. */
  conclude(
    job: Job,
    attempted: Attempted,
  ): { readonly attempted: Attempted; readonly hold: EndpointHold | null } {
    const { verdict, decision, exchange, endedAtMs } = attempted;
    const askedUntilMs = decision.kind === "pause_endpoint" ? null : decision.holdEndpointUntilMs;
    const facts = { sent: exchange !== null, status: exchange?.status ?? null, asked: askedUntilMs !== null };
    const signal = signalOf(verdict, facts);
    this.#tellEnd(job, attempted);
    if (signal === null) return { attempted, hold: holdOf(job, attempted) };

    const { endpointNo, circuitPolicy } = job.endpoint;
    // Nearly every attempt is one: nothing is known of the endpoint, and nothing has to be.
    if (signal === "success" && this.#known.size === 0 && !this.#tools.windows.has(endpointNo))
      return { attempted, hold: null };
    const before = {
      circuit: this.#known.size === 0 ? null : this.#circuitOf(job.endpoint),
      window: this.#tools.windows.get(endpointNo) ?? null,
    };
    const ended = { signal, probe: job.permit === "probe", askedUntilMs };
    const after = afterOutcome(circuitPolicy, before, ended, endedAtMs, this.#tools.random());
    if (after.window !== before.window) this.#keepWindow(endpointNo, after.window);
    if (after.circuit !== before.circuit)
      this.#keep(job.endpoint, after.circuit, after.changes.length > 0 || ended.probe);
    for (const change of after.changes) this.#tell(job, change, after.circuit, attempted);
    if (signal === "answered") this.#tellRefusing(job, after.circuit, attempted);

    const spendsNoStep = ended.probe && verdict?.kind === "retryable";
    const decided = spendsNoStep
      ? {
          ...attempted,
          decision: afterProbe(decision, verdict, job.delivery.clientErrors, endedAtMs),
          spendsNoStep,
        }
      : attempted;
    const held = this.#holdOf(job, after, before.circuit, attempted.error);
    return { attempted: decided, hold: held ?? holdOf(job, attempted) };
  }

  /** Stores what is not yet stored. Resolves when the ledger knows everything. */
  async close(): Promise<void> {
    for (const [endpointNo, known] of this.#known) if (known.unsaved) this.#save(endpointNo, known);
    await this.#lastSave;
  }

  #circuitOf({ endpointNo, circuitNo }: DispatchEndpoint): Circuit | null {
    const known = this.#known.get(endpointNo);
    if (known === undefined) return null;
    if (known.circuitNo === circuitNo) return known.circuit;
    this.#known.delete(endpointNo); // resumed, or given another URL
    return null;
  }

  #keep({ endpointNo, circuitNo }: DispatchEndpoint, circuit: Circuit | null, atOnce: boolean): void {
    const stored = this.#known.get(endpointNo)?.stored ?? false;
    // It is well again before anything was stored, so there is nothing to keep.
    if (circuit === null && !stored) return void this.#known.delete(endpointNo);
    const known = { circuitNo, circuit, unsaved: !atOnce, stored };
    this.#known.set(endpointNo, known);
    if (atOnce) this.#save(endpointNo, known);
  }

  #keepWindow(endpointNo: number, window: FailureWindow | null): void {
    if (window === null) this.#tools.windows.delete(endpointNo);
    else this.#tools.windows.set(endpointNo, window);
  }

  #save(endpointNo: number, { circuitNo, circuit, stored }: Known): void {
    if (circuit === null) this.#known.delete(endpointNo);
    else this.#known.set(endpointNo, { circuitNo, circuit, unsaved: false, stored: true });
    if (circuit === null && !stored) return;
    const saved = this.#tools.saveCircuit({ ...this.#turn, endpointNo, circuitNo, circuit });
    // One after the other: the last one stored means that all are.
    this.#lastSave = Promise.all([this.#lastSave, saved]).then(() => {});
  }

  #holdOf(
    { endpoint }: Job,
    after: { readonly circuit: Circuit | null; readonly changes: readonly CircuitChange[] },
    before: Circuit | null,
    error: string | null,
  ): EndpointHold | null {
    const { endpointNo } = endpoint;
    const why = error === null ? "" : ` (${error})`;
    if (after.changes.some(({ kind }) => kind === "disabled"))
      return {
        endpointNo,
        untilMs: null,
        note: `It failed for its whole disable_after${why}: paused until an operator resumes it.`,
      };
    const probeAtMs = after.circuit?.probeAtMs ?? null;
    if (probeAtMs === null || probeAtMs === before?.probeAtMs) return null;
    const note = `Its circuit is open, since it keeps failing${why}: held until the next probe.`;
    return { endpointNo, untilMs: probeAtMs, note };
  }

  #tell(job: Job, change: CircuitChange, circuit: Circuit | null, { error, endedAtMs }: Attempted): void {
    const { telemetry, operatorEvents } = this.#tools;
    const subject = { partner: job.partner.id, endpoint: job.endpoint.id };
    if (change.kind === "opened" || change.kind === "reopened")
      telemetry.circuit?.({ ...subject, to: "open" });
    if (change.kind === "closed") telemetry.circuit?.({ ...subject, to: "closed" });
    if (change.kind === "accepting")
      operatorEvents.tell(
        acceptingEvent(subject, change.refusingSinceMs, operatorEvents.windowMs, endedAtMs),
      );
    const state = circuit ?? { openedAtMs: null, failingSinceMs: null, failures: 0 };
    const event = circuitEvent(change, subject, state, error, endedAtMs);
    if (event) operatorEvents.tell(event);
  }

  /** Reported once in each window until it ends; because of its id, other turns and processes that report it make the same event. */
  #tellRefusing({ partner, endpoint }: Job, circuit: Circuit | null, { error, endedAtMs }: Attempted): void {
    const refusals = circuit?.refusals;
    if (!refusals?.refusing) return;
    const { operatorEvents } = this.#tools;
    const windowNo = Math.floor(endedAtMs / operatorEvents.windowMs);
    if (this.#refusingTold.get(endpoint.endpointNo) === windowNo) return;
    this.#refusingTold.set(endpoint.endpointNo, windowNo);
    const subject = { partner: partner.id, endpoint: endpoint.id };
    operatorEvents.tell(refusingEvent(subject, refusals, error, operatorEvents.windowMs, endedAtMs));
  }

  /** Tells operators of ends that matter to them in any state of the circuit. */
  #tellEnd({ partner, endpoint, delivery }: Job, { decision, verdict, error, endedAtMs }: Attempted): void {
    const { operatorEvents } = this.#tools;
    const subject = { partner: partner.id, endpoint: endpoint.id };
    if (verdict?.kind === "unsignable")
      operatorEvents.tell(unsignableEvent(subject, verdict.error, operatorEvents.windowMs, endedAtMs));
    else if (verdict?.kind === "lacking")
      operatorEvents.tell(lackingEvent(subject, verdict, operatorEvents.windowMs, endedAtMs));
    else if (decision.kind === "pause_endpoint")
      operatorEvents.tell(goneEvent(subject, operatorEvents.windowMs, endedAtMs, error));
    else if (decision.kind === "finish" && reasons[decision.reason].state === "dead") {
      const dead = { deliveryId: delivery.id, reason: decision.reason, error };
      operatorEvents.tell(deadEvent(subject, dead, operatorEvents.windowMs, endedAtMs));
    }
  }
}
