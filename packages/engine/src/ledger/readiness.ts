import { PostriderError } from "../core/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventDoor } from "../ports/event-door.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { type Trouble, troubleOf } from "./ledger-error.ts";
import { codeOf, type Sql } from "./sql.ts";

/** How long an answer counts, so that eager probes cost nothing. */
const keptMs = 1_000;
/** Room on the disk is tried for this often while all is well. */
const roomEveryMs = 10_000;
/** If the ledger takes longer to answer, it does not accept either. */
const longestMs = 3_000;
/** After an accept failed for a lasting reason: a try may need less than an accept does. */
const heldMs = 5_000;
/** What lasts is reported again this often, so that the end of a log says it too. */
const repeatMs = 60_000;

/** Whether events can be accepted, as far as that was tried. */
export interface Readiness {
  /** Tries what accepting needs, at most once a second. Null: it works; otherwise why not, in words. */
  check(): Promise<string | null>;
  /** The door, watched: what happens to accepts counts as well, and past a ceiling they are refused. */
  watch(door: EventDoor): EventDoor;
  /** Null while accepting works as far as is known. */
  trouble(): Trouble | null;
}

interface ReadinessTools {
  readonly sql: Pick<Sql, "query">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Null: there is room. Otherwise which ceiling was reached, in words. */
  readonly ceiling: () => string | null;
}

/**
 * Readiness tries what accepting needs, since `select 1` works on a full disk, on a standby and without rights. Faults of
 * accepts count at once. A streak is reported when it begins, each minute while it lasts, and when it is over.
 *
 * @example const reason = await createReadiness(tools).check() // null, or "the disk of the ledger is full"
 */
export function createReadiness({ sql, clock, telemetry, ceiling }: ReadinessTools): Readiness {
  let trouble: Trouble | null = null;
  let heldFromMs: number | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let roomAtMs = Number.NEGATIVE_INFINITY;
  let answer: Promise<void> = Promise.resolve();
  let underWay = false;
  let reportedAtMs = Number.NEGATIVE_INFINITY;

  const isPast = (sinceMs: number, ms: number) => clock.monotonicMs() - sinceMs >= ms;

  const became = (next: Trouble | null) => {
    const before = trouble;
    trouble = next;
    if (before?.reason === next?.reason && (next === null || !isPast(reportedAtMs, repeatMs))) return;
    reportedAtMs = clock.monotonicMs();
    telemetry.accepting?.(next);
  };

  const tryOnce = async () => {
    const withRoom = trouble !== null || isPast(roomAtMs, roomEveryMs);
    const startedAtMs = clock.monotonicMs();
    try {
      await inTime(sql.query("select postrider.try_accepting($1::boolean)", [withRoom]), clock);
      if (withRoom) roomAtMs = startedAtMs;
      became(null);
    } catch (error) {
      became(troubleOf(error) ?? otherTrouble(error));
    }
  };

  const ceilingTrouble = (): Trouble | null => {
    const reason = ceiling();
    return reason === null ? null : { reason, code: null, lasting: true };
  };

  return {
    trouble: () => trouble,
    async check() {
      const full = ceilingTrouble();
      if (full !== null) {
        became(full);
        return full.reason;
      }
      if (heldFromMs !== null && trouble !== null && !isPast(heldFromMs, heldMs)) return trouble.reason;
      heldFromMs = null;
      if (!underWay && isPast(askedAtMs, keptMs)) {
        askedAtMs = clock.monotonicMs();
        underWay = true;
        answer = tryOnce().finally(() => (underWay = false));
      }
      await answer;
      return trouble?.reason ?? null;
    },
    watch: (door) => ({
      ...door,
      async accept(events, nowMs) {
        const full = ceilingTrouble();
        if (full !== null) {
          became(full);
          throw new PostriderError("ledger_full", sentence(full.reason), {
            hint: "Nothing was stored: make room, shorten the retention or raise the limit, then send again.",
          });
        }
        try {
          const accepted = await door.accept(events, nowMs);
          if (trouble !== null) {
            heldFromMs = null;
            became(null);
          }
          return accepted;
        } catch (error) {
          const seen = troubleOf(error);
          if (seen !== null) {
            if (seen.lasting) heldFromMs = clock.monotonicMs();
            became(seen);
          }
          throw error;
        }
      },
    }),
  };
}

async function inTime(asked: Promise<unknown>, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(longestMs, () =>
    late.reject(new Error(`the ledger did not answer within ${longestMs / 1_000} s`)),
  );
  try {
    await Promise.race([asked, late.promise]);
  } finally {
    cancel();
    asked.catch(() => {});
  }
}

function otherTrouble(error: unknown): Trouble {
  const code = codeOf(error) || null;
  const message = error instanceof Error ? error.message.replaceAll(/\s+/g, " ").slice(0, 200) : "a fault";
  return {
    reason: code === null ? message : `the ledger refuses to write: ${message}`,
    code,
    lasting: false,
  };
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
