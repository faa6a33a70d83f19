import { createServer, type NetConnectOpts, type Server, type Socket, connect } from "node:net";
import type { AddressInfo } from "node:net";

/** Which way bytes go: from the client to the server behind the proxy, or back. */
export type Direction = "toServer" | "toClient";

/** What happens to connections. `refuse` ends new ones at once; `stall` lets nothing pass and ends nothing. */
export type ProxyMode = "pass" | "refuse" | "stall";

/** Cuts the connection on which the last byte passes, counted over all connections from `cutAfter` on. */
export interface Cut {
  readonly direction: Direction;
  readonly bytes: number;
}

/** A TCP proxy on a free port of the loopback address, which can be told to fail. */
export interface Proxy {
  readonly port: number;
  /** Bytes passed since the start or the last `cutAfter`. */
  readonly passed: Readonly<Record<Direction, number>>;
  set(mode: ProxyMode): void;
  /** Resets every open connection; says how many. */
  drop(): number;
  /**
   * Every open connection falls silent for good: the server's side is closed, the client's is kept and answers nothing, as
   * behind a firewall that forgot it. New ones work. Says how many.
   */
  silence(): number;
  /** Arms one cut, or with null only counts anew. The bytes before it are delivered. */
  cutAfter(cut: Cut | null): void;
  /** Resolves once an armed cut has happened. */
  readonly cut: boolean;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Starts a proxy before `to`: `{ port }`, or `{ path }` of a unix socket. */
export async function startProxy(to: NetConnectOpts): Promise<Proxy> {
  const pairs = new Set<Pair>();
  const passed: Record<Direction, number> = { toServer: 0, toClient: 0 };
  let mode: ProxyMode = "pass";
  let armed: Cut | null = null;
  let cut = false;

  const silent = new Set<Pair>();
  const end = (pair: Pair) => {
    if (silent.has(pair)) return;
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const flow = (pair: Pair, direction: Direction) => {
    const [from, into] = direction === "toServer" ? [pair.client, pair.server] : [pair.server, pair.client];
    from.on("data", (chunk: Buffer) => {
      if (into.destroyed) return;
      const room =
        armed?.direction === direction ? armed.bytes - passed[direction] : Number.POSITIVE_INFINITY;
      passed[direction] += Math.min(room, chunk.length);
      if (room > chunk.length) {
        if (!into.write(chunk)) from.pause();
        return;
      }
      armed = null;
      cut = true;
      from.pause();
      const last = chunk.subarray(0, room);
      // Ended, not reset: a reset would throw away what the other side has not read yet.
      into.end(last, () => end(pair));
    });
    into.on("drain", () => mode !== "stall" && from.resume());
    from.on("error", () => end(pair));
    from.on("close", () => end(pair));
  };

  const listener: Server = createServer({ noDelay: true, allowHalfOpen: false }, (client) => {
    client.on("error", () => {});
    if (mode === "refuse") return void client.destroy();
    const pair = { client, server: connect(to) };
    pairs.add(pair);
    flow(pair, "toServer");
    flow(pair, "toClient");
    if (mode === "stall") hold(pair);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));

  function hold({ client, server }: Pair): void {
    client.pause();
    server.pause();
  }

  return {
    port: (listener.address() as AddressInfo).port,
    passed,
    set(next) {
      mode = next;
      for (const pair of pairs) {
        if (next === "stall") hold(pair);
        else {
          pair.client.resume();
          pair.server.resume();
        }
      }
    },
    drop() {
      const dropped = [...pairs];
      for (const pair of dropped) {
        pair.client.resetAndDestroy();
        end(pair);
      }
      return dropped.length;
    },
    silence() {
      const forgotten = [...pairs];
      for (const pair of forgotten) {
        silent.add(pair);
        pairs.delete(pair);
        pair.server.destroy();
      }
      return forgotten.length;
    },
    cutAfter(next) {
      armed = next;
      cut = false;
      passed.toServer = 0;
      passed.toClient = 0;
    },
    get cut() {
      return cut;
    },
    async stop() {
      for (const { client } of silent) client.destroy();
      for (const pair of pairs) end(pair);
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
