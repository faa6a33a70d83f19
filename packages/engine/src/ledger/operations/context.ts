import type { AllowedTargets } from "../../core/target.ts";
import type { Seal } from "../seal.ts";
import type { ReadSize, Sql } from "../sql.ts";

/** What the operations share. */
export interface OperationsContext {
  /** For changes. Few of them run at once: what is accepted and sent shares these connections. */
  readonly sql: Pick<Sql, "query" | "transaction">;
  /**
   * The same for a change of many steps: it waits for its place once, before the first of them, and keeps it to the last. Steps
   * that waited one by one could be refused in the midst, with the word that nothing was changed. Inside only `steps` may be used.
   */
  readonly inOnePlace: <Result>(work: (steps: Pick<Sql, "query">) => Promise<Result>) => Promise<Result>;
  /** For what changes nothing; ends as soon as `signal` aborts. Default size: `small`. */
  readonly reads: (signal: AbortSignal | undefined, size?: ReadSize) => Pick<Sql, "query">;
  /** Whether the ledger is a server, which others use too. */
  readonly shared: boolean;
  readonly seal: Seal;
  readonly allowedTargets: AllowedTargets;
  /** Tells that a partner's settings, state or backlog changed. */
  readonly changed: (partnerNo: number) => void;
  /** Tells that these partners have due work, although the operation that made it due failed after some of its steps. */
  readonly madeDue: (partnerNos: readonly number[]) => void;
  /** Tells that an operator ended an endpoint's trouble, which had begun at `troubleMs`. */
  readonly resumed: (partner: string, endpoint: string, troubleMs: number) => void;
}
