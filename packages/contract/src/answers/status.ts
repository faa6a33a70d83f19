/** What a server says about itself and its ledger. */
import { z } from "zod";
import { signatureScheme } from "../documents/forms.ts";
import { count, instant, reason, state, type Shown } from "./answer-forms.ts";

/** accepted = pending + finished, counted in one snapshot. */
export const conservationView = z
  .strictObject({
    accepted: count,
    pending: count,
    finished: z.record(z.string(), count),
    drift: z.int().describe("accepted - pending - finished: 0 where nothing is lost."),
  })
  .meta({ id: "Conservation" });
/** See {@link conservationView}. */
export type Conservation = Shown<z.output<typeof conservationView>>;

/** Every reason a delivery can end with. */
export const reasonsView = z
  .strictObject({ reasons: z.array(z.strictObject({ reason, state, meaning: z.string() })) })
  .meta({ id: "Reasons" });
/** See {@link reasonsView}. */
export type Reasons = Shown<z.output<typeof reasonsView>>;

/** The same in `/readyz` and in the status, there for every process. */
const conditionView = z.strictObject({
  name: z
    .string()
    .describe(
      "Stable: `clock_off`, `redis_unusable`, `listening_lost`, `key_missing`, `target_not_allowed`, `ledger_copied`.",
    ),
  message: z.string().describe("In words, with what to do."),
  since: instant,
});

const processView = z.strictObject({
  id: z.string(),
  name: z.string().describe("Host and process number."),
  self: z.boolean().describe("The process that answers."),
  version: z.string().nullable(),
  roles: z.array(z.string()),
  dispatching: z.boolean(),
  started_at: instant,
  seen_at: instant,
  clock_skew_ms: z
    .int()
    .nullable()
    .describe(
      "How far its machine's clock is ahead of the ledger's (behind: below 0). Null: there is no other clock.",
    ),
  conditions: z.array(conditionView),
});

const vacuumView = z
  .strictObject({
    held_back_by: z
      .array(
        z.strictObject({
          kind: z.enum(["transaction", "prepared_transaction", "replication_slot", "standby"]),
          name: z.string(),
          since: instant.nullable().describe("Null: the server does not say."),
          transactions: count.nullable().describe("How many transactions began since."),
          found: z.string().describe("In words."),
          remedy: z.string(),
        }),
      )
      .describe(
        "What keeps the database server from removing deleted rows for longer than a minute. At most 20.",
      ),
    unseen: count.describe(
      "Sessions whose transactions the role of Postrider may not look at: see `pg_monitor`.",
    ),
    dead_pending: count.describe(
      "Deleted rows of waiting deliveries that are not removed, as the server estimates.",
    ),
  })
  .describe("Of a server only; empty for an embedded ledger.");

/** What a server says about itself. */
export const statusView = z
  .strictObject({
    version: z.string(),
    node: z.string(),
    roles: z.array(z.enum(["api", "worker"])),
    ledger: z.strictObject({
      adapter: z.string(),
      version: z.string(),
      migration: z.int(),
      id: z.string().describe("The ledger's own id, which no other has."),
      copied: z.boolean().describe("It was copied or restored and not adopted: nothing is sent from it."),
    }),
    numbers_running_out: z
      .array(z.strictObject({ counter: z.string(), used: z.number() }))
      .describe("Counters of the ledger of whose numbers 80 % are used, as a part of 1; the furthest first."),
    turns: z.strictObject({
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
    clock: z.strictObject({
      server_time: instant.describe("By the clock of this process's machine."),
      ledger_time: instant.describe("By the ledger's clock, which everything follows."),
      skew_ms: z.int().describe("`ledger_time` less `server_time`."),
    }),
    dispatcher: z.strictObject({
      dispatching: z.boolean(),
      last_progress_at: instant.nullable(),
      in_flight: count,
      turns_active: count,
      turns_waiting: count,
      unrecorded: count,
      processes: count.describe("Processes that dispatch from this ledger, as far as this one knows."),
    }),
    processes: z
      .array(processView)
      .describe(
        "Every process of the ledger that gave a sign of life in the last seconds, the oldest first.",
      ),
    backlog: z.strictObject({
      pending: count,
      oldest_due_at: instant.nullable().describe("Of what is not paused or disabled; may lie ahead."),
    }),
    signing_keys_missing: z
      .array(z.strictObject({ partner: z.string(), endpoint: z.string(), scheme: signatureScheme }))
      .describe("Endpoints that ask for a scheme without a live key: nothing is sent to them. At most 20."),
    endpoints: z
      .strictObject({
        paused: count,
        open: count,
        half_open: count,
        ramping: count,
        failing: count,
        refusing: count,
      })
      .describe(
        "How many are not well, in the whole ledger. `paused`: by a 410 of the partner, or because a signing key, secret or constant is missing, until a resume.",
      ),
    vacuum: vacuumView,
    allow_targets: z.array(z.string()),
  })
  .meta({ id: "Status" });
/** See {@link statusView}. */
export type Status = Shown<z.output<typeof statusView>>;

/** Whether a process is well. */
export const healthView = z
  .strictObject({
    status: z.enum(["ok", "failing"]),
    reason: z.string().optional(),
    degraded: z
      .array(conditionView)
      .optional()
      .describe("Readiness: what is not as it should be, although events can be accepted. Absent: nothing."),
  })
  .meta({ id: "Health" });
/** See {@link healthView}. */
export type Health = Shown<z.output<typeof healthView>>;
