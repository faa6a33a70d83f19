import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** Which way nothing passes any more. */
export type Silence = "toServer" | "toClient" | "both" | "server-gone";

/** A TCP proxy whose connections fall silent without being closed at the client's side. */
export interface SilentProxy {
  readonly port: number;
  /**
   * From now on nothing passes on the open connections that `which` says (by all that their client has sent; default: all);
   * `server-gone`: their server's side is closed besides. New connections work, unless they are silenced too. Says how many.
   */
  silence(how: Silence, which?: (sent: string) => boolean): number;
  /** Whether new connections fall silent at once. */
  newOnesSilent: boolean;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  sent: string;
  how: Silence | null;
}

/** Starts a proxy on a free port before `to`: `{ port }`, or `{ path }` of a unix socket. */
export async function startSilentProxy(to: NetConnectOpts): Promise<SilentProxy> {
  const pairs = new Set<Pair>();
  const listener = createServer({ noDelay: true }, (client) => {
    const pair: Pair = { client, server: connect(to), sent: "", how: proxy.newOnesSilent ? "both" : null };
    pairs.add(pair);
    const end = () => {
      if (pair.how !== null && !client.destroyed) return;
      pairs.delete(pair);
      client.destroy();
      pair.server.destroy();
    };
    client.on("data", (chunk: Buffer) => {
      pair.sent = (pair.sent + chunk.toString("latin1")).slice(-20_000);
      if (pair.how === null || pair.how === "toClient") pair.server.write(chunk);
    });
    pair.server.on("data", (chunk: Buffer) => {
      if (pair.how === null || pair.how === "toServer") client.write(chunk);
    });
    for (const socket of [client, pair.server]) socket.on("error", () => {}).on("close", end);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const proxy: SilentProxy = {
    port: (listener.address() as AddressInfo).port,
    newOnesSilent: false,
    silence(how, which = () => true) {
      let count = 0;
      for (const pair of pairs) {
        if (pair.how !== null || !which(pair.sent)) continue;
        pair.how = how;
        if (how === "server-gone") pair.server.destroy();
        count += 1;
      }
      return count;
    },
    async stop() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      listener.close();
      await once(listener, "close");
    },
  };
  return proxy;
}
