import type { Duplex } from "node:stream";
import pg from "pg";
import { systemClock } from "../ports/clock.ts";
import type { Target, Targets } from "./pg-targets.ts";

/** Opens connections to whichever of the targets answers. */
export interface Connector {
  readonly Client: new () => pg.Client;
  /** How long a login may take, and after it each statement that prepares the session. */
  readonly connectTimeoutMs: number;
  /** A connection outside of the pool. `loggedIn` is called before its first statement: a pooler may let it wait then. */
  open(loggedIn?: () => void): Promise<pg.Client>;
  /**
   * Sets what every session of a pool begins with, and learns the server's number of the session. Ends the connection if that
   * fails or takes too long.
   */
  prepare(client: pg.ClientBase, settings: SessionSettings): Promise<void>;
  /** Calls again for as long as it fails to connect and there is another target. */
  connected<Result>(connect: () => Promise<Result>): Promise<Result>;
  mayTryAgain(error: unknown, tries: number): boolean;
  /** Whom the driver would log in as, and where to. */
  identity(): { readonly role: string; readonly database: string };
}

export const defaultConnectTimeoutMs = 5_000;
/** How long the other side may take to close a connection that is ended. */
const endMs = 1_000;

const pids = new WeakMap<pg.ClientBase, number>();

/** The server's number of a prepared session, also behind a pooler; undefined if it is not prepared. */
export const pidOf = (client: pg.ClientBase): number | undefined => pids.get(client);

/** @example createConnector({ user: "app" }, createTargets(parseDatabaseUrl(url))) */
export function createConnector(settings: pg.ClientConfig, targets: Targets): Connector {
  // Faults before a connection could be used: nothing was sent, so another target may be tried.
  const unused = new WeakSet<Error>();
  const connectTimeoutMs = settings.connectionTimeoutMillis ?? defaultConnectTimeoutMs;
  const failed = (target: Target, error: Error) => {
    if (targets.failed(target, error)) unused.add(error);
  };

  class Client extends pg.Client {
    readonly target: Target;

    constructor() {
      const target = targets.current();
      super({ ...settings, ...target });
      this.target = target;
      // A connection may be lost at any time: its user gets an error from the statement.
      this.on("error", () => {});
    }

    override connect(): Promise<this>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<this> | void {
      const noted = (error: Error | null | undefined) => {
        if (error) failed(this.target, error);
      };
      if (callback)
        return super.connect((error: Error) => {
          noted(error);
          callback(error);
        });
      return super.connect().then(
        () => this,
        (error: Error) => {
          noted(error);
          throw error;
        },
      );
    }
  }

  /** The pool and the driver watch the login only. */
  const inTime = <Result>(answer: Promise<Result>) =>
    within(answer, connectTimeoutMs, "The server let the connection in, and gave no answer in time.");

  const connector: Connector = {
    Client,
    connectTimeoutMs,
    async open(loggedIn) {
      return connector.connected(async () => {
        const client = new Client();
        try {
          await client.connect();
          loggedIn?.();
          await connector.prepare(client, {});
          return client;
        } catch (error) {
          await endSoon(client);
          throw error;
        }
      });
    },
    async prepare(client, given) {
      try {
        if (targets.severalHosts) {
          const { rows } = await inTime(
            client.query<{ transaction_read_only: string }>("show transaction_read_only"),
          );
          if (rows[0]?.transaction_read_only === "on")
            throw Object.assign(new Error("The server only reads."), { code: "25006" });
        }
        const entries = Object.entries(given);
        if (entries.length === 0) return;
        const { rows } = await inTime(client.query<{ pid: number }>(prepareSql(entries)));
        pids.set(client, rows[0]!.pid);
      } catch (error) {
        if (targets.severalHosts) failed((client as Client).target, error as Error);
        // The pool waits until it has ended, and a server that is silent would not end it.
        void endSoon(client as Client);
        throw error;
      }
    },
    async connected(connect) {
      for (let tries = 1; ; tries++) {
        try {
          return await connect();
        } catch (error) {
          if (!connector.mayTryAgain(error, tries)) throw error;
        }
      }
    },
    mayTryAgain: (error, tries) =>
      tries < targets.count &&
      error instanceof Error &&
      // The pool gives its time-out an error of its own, with the driver's as the cause.
      (unused.has(error) || (error.cause instanceof Error && unused.has(error.cause))),
    identity() {
      const { user = "", database = user } = new pg.Client({ ...settings, ssl: false });
      return { role: user, database };
    },
  };
  return connector;
}

/** Parameters of a session, by their names. Not of the start: PgBouncer refuses those that it does not know there. */
export type SessionSettings = Readonly<Record<string, string>>;

/** Sets the parameters in one round trip. A name that ends with `?linux` is set only where the server runs on Linux. */
function prepareSql(settings: readonly (readonly [string, string])[]): string {
  const sets = settings.map(([name, value]) => {
    const [plain = "", only] = name.split("?");
    const set = `set_config(${pg.escapeLiteral(plain)}, ${pg.escapeLiteral(value)}, false)`;
    return only === undefined ? set : `case when version() like '%linux%' then ${set} end`;
  });
  return `select pg_backend_pid() as pid, ${sets.join(", ")}`;
}

/** Ends a connection without a word to the other side, which may not be listening any more. */
export function destroySocket(client: pg.ClientBase): void {
  const { connection } = client as unknown as { connection: { stream: Duplex } };
  connection.stream.destroy(
    Object.assign(new Error("The connection to the ledger stood still."), { code: "ETIMEDOUT" }),
  );
}

/** Ends a connection, and does not wait for a side that is silent. Never rejects. */
export async function endSoon(client: pg.Client): Promise<void> {
  await within(client.end(), endMs, "The connection was not closed in time.").catch(() =>
    destroySocket(client),
  );
}

/** What a promise resolves to, if that comes in time. */
export async function within<Result>(
  promise: Promise<Result>,
  limitMs: number,
  late: string,
): Promise<Result> {
  const over = Promise.withResolvers<never>();
  const cancel = systemClock.after(limitMs, () => {
    // If this process stood still itself, the answer may be there and only not be read yet.
    setImmediate(() =>
      setImmediate(() => over.reject(Object.assign(new Error(late), { code: "ETIMEDOUT" }))),
    );
  });
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    cancel();
    promise.catch(() => {});
  }
}
