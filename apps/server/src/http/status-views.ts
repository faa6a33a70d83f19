/** What the engine says about processes and the ledger, as the API shows it. */
import { type Condition, type Engine, vacuumHolderWords, type VacuumState } from "@postrider/engine";

/** Conditions as they are shown. */
export const conditionViews = (conditions: readonly Condition[]) =>
  conditions.map(({ name, message, sinceMs }) => ({ name, message, since: new Date(sinceMs).toISOString() }));

/** Processes as they are shown. */
export const processViews = (processes: Awaited<ReturnType<Engine["processes"]>>) =>
  processes.map((one) => ({
    id: one.id,
    name: one.name,
    self: one.self,
    version: one.version,
    roles: one.roles,
    dispatching: one.dispatches,
    started_at: new Date(one.startedAtMs).toISOString(),
    seen_at: new Date(one.seenAtMs).toISOString(),
    clock_skew_ms: one.skewMs === null ? null : Math.round(one.skewMs),
    conditions: conditionViews(one.conditions),
  }));

/** What holds vacuum back, as it is shown. */
export const vacuumViewOf = ({ heldBackBy, unseen, deadPending }: VacuumState) => ({
  held_back_by: heldBackBy.map((holder) => ({
    kind: holder.kind,
    name: holder.name,
    since: holder.sinceMs === null ? null : new Date(holder.sinceMs).toISOString(),
    transactions: holder.transactions,
    ...vacuumHolderWords(holder),
  })),
  unseen,
  dead_pending: deadPending,
});
