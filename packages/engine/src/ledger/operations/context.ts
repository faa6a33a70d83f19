import type { AllowedTargets } from "../../core/target.ts";
import type { Seal } from "../seal.ts";
import type { ReadSize, Sql } from "../sql.ts";

/** What the operations share. */
export interface OperationsContext {
  /** For changes. Few of them run at once: what is accepted and sent shares these connections. */
  readonly sql: Pick<Sql, "query" | "transaction">;
  /** For what changes nothing; ends as soon as `signal` aborts. Default size: `small`. */
  readonly reads: (signal: AbortSignal | undefined, size?: ReadSize) => Pick<Sql, "query">;
  readonly seal: Seal;
  readonly allowedTargets: AllowedTargets;
  /** Tells that a partner's settings, state or backlog changed. */
  readonly changed: (partnerNo: number) => void;
  /** Tells that an operator ended an endpoint's trouble, which had begun at `troubleMs`. */
  readonly resumed: (partner: string, endpoint: string, troubleMs: number) => void;
}
