import type { AllowedTargets } from "../../core/target.ts";
import type { Seal } from "../seal.ts";
import type { Sql } from "../sql.ts";

/** What the operations share. */
export interface OperationsContext {
  readonly sql: Sql;
  readonly seal: Seal;
  readonly allowedTargets: AllowedTargets;
  /** Tells that a partner's settings, state or backlog changed. */
  readonly changed: (partnerNo: number) => void;
  /** Tells that an operator ended an endpoint's trouble, which had begun at `troubleMs`. */
  readonly resumed: (partner: string, endpoint: string, troubleMs: number) => void;
}
