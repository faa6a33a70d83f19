/** Faults of the ledger: which of them pass, and when its server was lost. */

/** Tells faults that pass by themselves from others. Used by everything that tries again. */
export interface FaultLedger {
  /** True for a fault of the connection or the server that passes by itself (so the same call may be tried again). */
  isTransient(error: unknown): boolean;
}

/** Tells when the server was lost. Used by those who keep what they read. */
export interface LossLedger {
  /**
   * Calls back when the server went away: it may come back without its last half second, so that no lease may be
   * relied on before another claim.
   */
  onLost(listener: () => void): void;
}
