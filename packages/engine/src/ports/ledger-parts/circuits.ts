/** The circuits of endpoints that are not well, kept between turns and workers. */
import type { Circuit } from "../../core/breaker.ts";

/** The circuit of an endpoint that is not well, as the ledger keeps it between turns and workers. */
export interface StoredCircuit {
  readonly endpointNo: number;
  /** An operator's resume or another URL moves the endpoint's number on: what was known before is void. */
  readonly circuitNo: number;
  readonly circuit: Circuit;
}

/** A circuit to keep; null: the endpoint is well. Ignored if the turn's fence was passed or the circuit's number moved on. */
export interface CircuitSave extends Omit<StoredCircuit, "circuit"> {
  readonly partnerNo: number;
  readonly fence: number;
  readonly circuit: Circuit | null;
}

/** Keeps circuits; a claim that opens a turn brings them back (`Claimed.circuits`). */
export interface CircuitLedger {
  saveCircuits(saves: readonly CircuitSave[]): Promise<void>;
}
