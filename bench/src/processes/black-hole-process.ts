import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "./child.ts";

/** A target that takes a connection's packets and never answers: not even to the request for a connection. */
export interface BlackHole {
  /** `host:port`. */
  readonly target: string;
  stop(): void;
}

/** How long a connection must take before it counts as swallowed, ms. */
const swallowedMs = 300;

/**
 * A process that listens and is stopped: the kernel finishes the first connections by itself until the listener's
 * line is full, and drops the packets of all others. The line is filled here.
 */
export async function startBlackHole(): Promise<BlackHole> {
  const { child, ready } = await startChild<never>("black-hole.ts");
  const { port } = ready as { port: number };
  child.kill("SIGSTOP");
  const sockets: Socket[] = [];
  for (let connected = true; connected && sockets.length < 64; ) {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    sockets.push(socket);
    const opened = new Promise<boolean>((resolve) => socket.once("connect", () => resolve(true)));
    connected = await Promise.race([opened, sleep(swallowedMs, false)]);
  }
  return {
    target: `127.0.0.1:${port}`,
    stop() {
      for (const socket of sockets) socket.destroy();
      child.kill("SIGKILL");
    },
  };
}
