import { startChild } from "./child.ts";

type Question = "count" | "counts" | "latencies" | "arrivals" | "lateness" | "reset";

/** The sink, running in a process of its own. */
export interface SinkProcess {
  readonly port: number;
  readonly pid: number;
  /** `host:port`, for the list of allowed targets. */
  readonly target: string;
  ask<Answer>(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/** @param port 0 takes a free one */
export async function startSink(port = 0): Promise<SinkProcess> {
  const { child, ready } = await startChild<Question>("sink.ts", { port });
  const { port: taken } = ready as { port: number };
  return {
    port: taken,
    pid: child.pid,
    target: `127.0.0.1:${taken}`,
    ask: child.ask,
    stop: child.stop,
  };
}

/** Requests received since the last reset. */
export async function receivedBy(sink: SinkProcess): Promise<number> {
  return (await sink.ask<{ received: number }>("count")).received;
}

/** Requests received since the last reset at paths that begin with `path`. */
export async function receivedAt(sink: SinkProcess, path: string): Promise<number> {
  const { counts } = await sink.ask<{ counts: [string, number][] }>("counts");
  return counts.reduce((sum, [name, count]) => (name.startsWith(path) ? sum + count : sum), 0);
}
