import pg from "pg";
import { systemClock } from "../ports/clock.ts";
import type { Conditions } from "../ports/conditions.ts";
import { type Connector, destroySocket, endSoon, within } from "./pg-connector.ts";
import type { SessionLock } from "./sql.ts";

/** How connections prove that they live. */
export interface Proofs {
  /** The session that listens is asked this often. Default 3 s. */
  readonly everyMs: number;
  /** How long an answer may take. Default 2.5 s. */
  readonly withinMs: number;
}

export const defaultProofs: Proofs = { everyMs: 3_000, withinMs: 2_500 };

export interface ListenTools {
  readonly connector: Connector;
  readonly conditions: Conditions;
  readonly proofs: Proofs;
  /** The connection was lost. `silent`: it was still open, and nothing came. */
  readonly lost: (how: { readonly silent: boolean }) => void;
}

const lostMessage =
  "The session that hears of new work was lost, and is opened again and again. Until then new work is found by the sweep of each second. If it stays, look for what ends or swallows connections on the way to PostgreSQL.";

/**
 * Hears one channel on a connection of its own, and holds `lock` there. The session is asked again and again whether it
 * lives: one that is lost or silent is replaced, after a wait that grows to 5 s. A new one has the time of a connect for its
 * first answers, since a pooler may let it wait for a place.
 */
export async function listen(
  channel: string,
  { heard, lock }: { readonly heard: (payload: string) => void; readonly lock: SessionLock | undefined },
  { connector, conditions, proofs, lost: tellLost }: ListenTools,
): Promise<() => Promise<void>> {
  let client: pg.Client | undefined;
  let stopped = false;
  let waitMs = 100;
  let timer: AbortController | undefined;
  const name = pg.escapeLiteral(channel);
  const proofSql = `select exists (select from pg_listening_channels() c where c = ${name}) as listens, ${lock?.lockSql ?? "true"} as held`;

  const ask = async (session: pg.Client, limitMs: number) => {
    const { rows } = await within(
      session.query<{ listens: boolean; held: boolean }>(proofSql),
      limitMs,
      "The session that listens gave no answer.",
    );
    return rows[0]!;
  };

  const connect = async () => {
    const next = await connector.open();
    const lost = (silent: boolean) => {
      if (client !== next) return;
      client = undefined;
      lock?.held(false);
      conditions.set("listening_lost", lostMessage);
      destroySocket(next);
      tellLost({ silent });
      retry();
    };
    next.on("error", () => lost(false));
    next.on("end", () => lost(false));
    next.on("notification", (message) => heard(message.payload ?? ""));
    try {
      await within(
        next.query(`listen ${pg.escapeIdentifier(channel)}`),
        connector.connectTimeoutMs,
        "The session that listens gave no answer.",
      );
      const { held } = await ask(next, connector.connectTimeoutMs);
      client = next;
      lock?.held(held);
    } catch (error) {
      destroySocket(next);
      throw error;
    }
    waitMs = 100;
    conditions.set("listening_lost", null);
    if (stopped) await endSoon(next);
    else void prove(next, lost);
  };

  const prove = async (session: pg.Client, lost: (silent: boolean) => void) => {
    while (client === session) {
      const { signal } = (timer = new AbortController());
      await systemClock.sleep(proofs.everyMs, signal);
      if (client !== session) return;
      const answer = await ask(session, proofs.withinMs).catch(() => null);
      if (client !== session) return;
      if (answer === null || !answer.listens) return lost(true);
      lock?.held(answer.held);
    }
  };

  const retry = () => {
    if (stopped) return;
    const { signal } = (timer = new AbortController());
    void systemClock.sleep(waitMs, signal).then(() => {
      if (signal.aborted) return;
      connect().then(
        // What was notified while nobody heard is lost: '*' asks the listener to look for itself.
        () => heard("*"),
        () => retry(),
      );
    });
    waitMs = Math.min(waitMs * 2, 5_000);
  };

  await connect();
  return async () => {
    stopped = true;
    const last = client;
    client = undefined;
    timer?.abort();
    if (last !== undefined) await endSoon(last);
  };
}
