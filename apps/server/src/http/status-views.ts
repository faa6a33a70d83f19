/** What the API answers about the process and its ledger, for the OpenAPI document. */
import type { Condition } from "@postrider/engine";
import { z } from "zod";
import { count, instant, reason, state } from "./views.ts";

export const conservationView = z
  .object({
    accepted: count,
    pending: count,
    finished: z.record(z.string(), count),
    drift: z.int().describe("accepted - pending - finished: 0 where nothing is lost."),
  })
  .meta({ id: "Conservation" });

export const reasonsView = z
  .object({ reasons: z.array(z.object({ reason, state, meaning: z.string() })) })
  .meta({ id: "Reasons" });

/** The same in `/readyz` and in the status, there for every process. */
const conditionView = z.object({
  name: z.string().describe("Stable: `clock_off`, `redis_unusable`, `listening_lost`, `key_missing`."),
  message: z.string().describe("In words, with what to do."),
  since: instant,
});

/** Conditions as they are shown. */
export const conditionViews = (conditions: readonly Condition[]) =>
  conditions.map(({ name, message, sinceMs }) => ({ name, message, since: new Date(sinceMs).toISOString() }));

export const statusView = z
  .object({
    version: z.string(),
    node: z.string(),
    roles: z.array(z.enum(["api", "worker"])),
    ledger: z.object({ adapter: z.string(), version: z.string(), migration: z.int() }),
    turns: z.object({
      adapter: z.string(),
      reach: z
        .enum(["process", "cluster"])
        .describe("How far the rings of this process go: to every process, or only to itself."),
      fault: z
        .string()
        .nullable()
        .describe("Why Redis cannot be used, in words with what to do; null: nothing is wrong."),
    }),
    conditions: z
      .array(conditionView)
      .describe("What is not as it should be with this process, as long as it lasts."),
    clock: z.object({ server_time: instant, ledger_time: instant, skew_ms: z.int() }),
    dispatcher: z.object({
      dispatching: z.boolean(),
      last_progress_at: instant.nullable(),
      in_flight: count,
      turns_active: count,
      turns_waiting: count,
      unrecorded: count,
      processes: count,
    }),
    backlog: z.object({
      pending: count,
      oldest_due_at: instant.nullable().describe("Of what is not paused or disabled; may lie ahead."),
    }),
    signing_keys_missing: z
      .array(z.object({ partner: z.string(), endpoint: z.string(), scheme: z.enum(["v1", "v1a"]) }))
      .describe("Endpoints that ask for a scheme without a live key: nothing is sent to them. At most 20."),
    endpoints: z
      .object({
        paused: count,
        open: count,
        half_open: count,
        ramping: count,
        failing: count,
        refusing: count,
      })
      .describe(
        "How many are not well, in the whole ledger. `paused`: by a 410 of the partner or a missing signing key, until a resume.",
      ),
    allow_targets: z.array(z.string()),
  })
  .meta({ id: "Status" });

export const healthView = z
  .object({
    status: z.enum(["ok", "failing"]),
    reason: z.string().optional(),
    degraded: z
      .array(conditionView)
      .optional()
      .describe("Readiness: what is not as it should be, although events can be accepted. Absent: nothing."),
  })
  .meta({ id: "Health" });
