import { type Engine, reasons } from "@postrider/engine";
import type { Settings } from "../../config.ts";
import { type Route, route } from "../route.ts";
import { conservationView, reasonsView, statusView } from "@postrider/contract";
import { conditionViews, processViews, vacuumViewOf } from "../status-views.ts";

const tag = "status";
/** Operators are told of a counter from here on. */
const runningOutFrom = 0.8;
const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** What runs here, and whether the books balance: for `postrider doctor`. */
export function statusRoutes(
  engine: Engine,
  settings: Pick<Settings, "roles" | "allowTargets">,
  version: string,
): Route[] {
  const status = route(
    "GET",
    "/v1/status",
    {
      tag,
      summary: "Versions, adapters, clocks, the dispatcher's progress and the backlog.",
      answers: { 200: { meaning: "The status.", schema: statusView } },
    },
    async ({ nowMs, signal }) => {
      const [ledger, backlog, missingKeys, circuits, paused, vacuum, numbers, processes] = await Promise.all([
        engine.operations.ping(signal),
        engine.operations.backlog(nowMs, 1, signal),
        engine.operations.missingKeys(nowMs, signal),
        engine.operations.circuits(nowMs, signal),
        engine.operations.pausedEndpoints(signal),
        engine.operations.vacuumState(signal),
        engine.operations.numbers(signal),
        engine.processes(signal),
      ]);
      const progress = engine.progress();
      const localMs = nowMs + (engine.clockSkewMs() ?? 0);
      return {
        status: 200,
        json: {
          version,
          node: process.version,
          roles: (["api", "worker"] as const).filter((role) => settings.roles[role]),
          ledger: {
            adapter: engine.description.ledger,
            version: ledger.version,
            migration: ledger.migration,
            id: engine.description.ledgerId,
            copied: engine.description.copied,
          },
          numbers_running_out: numbers
            .filter(({ used }) => used >= runningOutFrom)
            .map(({ name, used }) => ({ counter: name, used })),
          turns: { adapter: engine.description.turns, ...engine.turns() },
          conditions: conditionViews(engine.conditions()),
          clock: {
            server_time: isoOf(localMs),
            ledger_time: isoOf(ledger.serverTimeMs),
            skew_ms: Math.round(ledger.serverTimeMs - localMs),
          },
          dispatcher: {
            dispatching: progress.dispatching,
            last_progress_at: isoOf(progress.lastProgressMs > 0 ? progress.lastProgressMs : null),
            in_flight: progress.inFlight,
            turns_active: progress.turnsActive,
            turns_waiting: progress.turnsWaiting,
            unrecorded: progress.unrecorded,
            processes: progress.alive,
          },
          processes: processViews(processes),
          backlog: { pending: backlog.pending, oldest_due_at: isoOf(backlog.oldestDueMs) },
          signing_keys_missing: missingKeys,
          endpoints: { paused, ...circuits },
          vacuum: vacuumViewOf(vacuum),
          allow_targets: settings.allowTargets,
        },
      };
    },
  );

  const conservation = route(
    "GET",
    "/v1/conservation",
    {
      tag,
      summary: "accepted = pending + finished, counted in one snapshot.",
      answers: { 200: { meaning: "The count.", schema: conservationView } },
    },
    async ({ signal }) => ({ status: 200, json: await engine.operations.conservation(signal) }),
  );

  const reasonList = Object.entries(reasons).map(([reason, { state, meaning }]) => ({
    reason,
    state,
    meaning,
  }));
  const explained = route(
    "GET",
    "/v1/reasons",
    {
      tag,
      summary: "Every reason a delivery can end with, in words.",
      answers: { 200: { meaning: "The reasons.", schema: reasonsView } },
    },
    () => ({ status: 200, json: { reasons: reasonList } }),
  );

  return [status, conservation, explained];
}
