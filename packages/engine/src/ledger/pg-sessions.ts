import type pg from "pg";
import { systemClock } from "../ports/clock.ts";
import { type Connector, destroySocket, endSoon, pidOf, within } from "./pg-connector.ts";
import { codeOf, isConnectionFault } from "./sql.ts";

/**
 * Connections whose statements take long are asked for at the server, on another connection: one that the server has
 * forgotten, or whose answer got lost, would else be waited for until the statement's time-out and longer.
 */
export interface Sessions {
  /** Knows the connections of a pool from now on. */
  watch(pool: pg.Pool): void;
  /** A statement begins. Costs an entry in a map; one timer a second serves all of them. */
  begin(client: pg.ClientBase): void;
  end(client: pg.ClientBase): void;
  /** The connection is not to be ended between two statements, such as within a transaction. */
  hold(client: pg.ClientBase): void;
  release(client: pg.ClientBase): void;
  /**
   * Another connection was found dead: those that nobody uses are ended, because they may be dead as well, and the server
   * counts as silent once already.
   */
  suspect(): void;
  stop(): Promise<void>;
}

export interface SessionOptions {
  /** A statement that takes longer is asked for. Default 3 s. */
  readonly everyMs: number;
  /** How long the server may take to say. After two times without an answer all that wait are given up. */
  readonly withinMs: number;
}

/** Looks at the running statements this often in each `everyMs`. */
const looks = 3;
/** Times that the server gave no answer, one after the other, after which its connections are given up. */
const mostMisses = 2;

/** @example const sessions = watchSessions(connector, { everyMs: 3_000, withinMs: 2_500 }) */
export function watchSessions(connector: Connector, { everyMs, withinMs }: SessionOptions): Sessions {
  const known = new Set<pg.ClientBase>();
  /** By connection: the look before which its statement began. */
  const busy = new Map<pg.ClientBase, number>();
  const held = new Set<pg.ClientBase>();
  let look = 0;
  let misses = 0;
  let looking = false;
  const stopped = new AbortController();
  let asker: pg.Client | null = null;
  /** Those that asked and got an answer. */
  const answered = new WeakSet<pg.Client>();

  const endIdle = () => {
    for (const client of known) if (!busy.has(client) && !held.has(client)) destroySocket(client);
  };

  const ask = async (late: readonly [pg.ClientBase, number][]) => {
    const pids = late.flatMap(([client]) => pidOf(client) ?? []);
    // A pooler lets a client in at once, and its first statement waits until a connection is free.
    const waiting = { forPlace: asker !== null && !answered.has(asker) };
    try {
      const working = await within(workingOf(pids, waiting), withinMs, "The server gave no answer.");
      misses = 0;
      return late.filter(([client]) => !working.has(pidOf(client) ?? 0));
    } catch (error) {
      if (asker !== null) destroySocket(asker);
      asker = null;
      if (waiting.forPlace && codeOf(error) === "ETIMEDOUT") return [];
      // It speaks, and so it lives: no connection may be free, for example.
      misses = isSpoken(error) ? 0 : misses + 1;
      return misses >= mostMisses ? late : [];
    }
  };
  const workingOf = async (pids: readonly number[], waiting: { forPlace: boolean }) => {
    const client = asker ?? (await openAsker(() => (waiting.forPlace = true)));
    const { rows } = await client.query<{ pid: number }>(workingSql, [pids]);
    answered.add(client);
    return new Set(rows.map(({ pid }) => pid));
  };

  const openAsker = async (loggedIn: () => void) => {
    const opened = await connector.open(loggedIn);
    // It came too late: another was opened meanwhile, or nobody asks any more.
    if (asker !== null || !looking || stopped.signal.aborted) void endSoon(opened);
    else asker = opened;
    return opened;
  };

  const endAsker = async () => {
    const unused = asker;
    asker = null;
    if (unused !== null) await endSoon(unused);
  };

  const lookOnce = async () => {
    look += 1;
    const late = [...busy].filter(([, since]) => look - since > looks);
    if (late.length === 0) {
      misses = 0;
      void endAsker();
      return;
    }
    const silent = (await ask(late)).filter(([client, since]) => busy.get(client) === since);
    for (const [client] of silent) destroySocket(client);
    if (silent.length > 0) endIdle();
  };
  const lookWhileBusy = async () => {
    looking = true;
    while (busy.size > 0 && !stopped.signal.aborted) {
      await systemClock.sleep(everyMs / looks, stopped.signal);
      await lookOnce().catch(() => {});
    }
    looking = false;
    // The last statement may have ended while it was asked for.
    void endAsker();
  };

  return {
    watch(pool) {
      pool.on("connect", (client) => known.add(client));
      pool.on("remove", (client) => known.delete(client));
    },
    begin(client) {
      busy.set(client, look);
      if (!looking) void lookWhileBusy();
    },
    end: (client) => void busy.delete(client),
    hold: (client) => void held.add(client),
    release: (client) => void held.delete(client),
    suspect() {
      misses += 1;
      endIdle();
    },
    async stop() {
      stopped.abort();
      await endAsker();
    },
  };
}

/**
 * Those that the server is busy with. A statement that ended just now has its answer on the way. The state is null if the role
 * may not see it, as after `alter role … set role`: the session is there then, and a dead one has no row.
 */
const workingSql = `select a.pid from pg_stat_activity a
 where a.pid = any($1::int[]) and (a.state is null
   or a.state not in ('idle', 'idle in transaction', 'idle in transaction (aborted)')
   or a.state_change > clock_timestamp() - interval '1 second')`;

const isSpoken = (error: unknown): boolean =>
  /^[0-9A-Z]{5}$/.test(codeOf(error)) && !isConnectionFault(error);
