import { type ChildProcess, fork } from "node:child_process";

/** The sink, running in a process of its own. */
export interface SinkProcess {
  readonly port: number;
  /** `host:port`, for the list of allowed targets. */
  readonly target: string;
  ask<Answer>(question: "count" | "counts" | "latencies" | "arrivals" | "reset"): Promise<Answer>;
  stop(): void;
}

export async function startSink(): Promise<SinkProcess> {
  const child: ChildProcess = fork(new URL("sink.ts", import.meta.url));
  const next = <Answer>() =>
    new Promise<Answer>((resolve) => child.once("message", (message) => resolve(message as Answer)));
  const { port } = await next<{ port: number }>();
  return {
    port,
    target: `127.0.0.1:${port}`,
    ask(question) {
      const answer = next<never>();
      child.send({ ask: question });
      return answer;
    },
    stop: () => void child.kill(),
  };
}
