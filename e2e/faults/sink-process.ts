import { type ChildProcess, fork } from "node:child_process";

/** One request, as the sink saw it. */
export interface Receipt {
  /** Epoch ms, with its fraction. */
  readonly atMs: number;
  /** The `webhook-id`. */
  readonly deliveryId: string;
  readonly eventId: string;
  readonly partner: string;
  /** What was answered; 0 where no whole answer was given. */
  readonly status: number;
  /** The port it came from, which tells the process that sent it. */
  readonly port: number;
}

type Columns = { readonly [Field in keyof Receipt]: readonly Receipt[Field][] };

/** The sink, running in a process of its own. */
export interface Sink {
  /** `host:port`, for the list of allowed targets. */
  readonly target: string;
  /** Everything received so far, oldest first; grows with `sync`. */
  readonly receipts: readonly Receipt[];
  /** Fetches what came: at least everything that had reached this machine's sockets before the call. */
  sync(): Promise<void>;
  /** The longest time that the sink did not look at its sockets, in ms: how far its times may be late. */
  longestPauseMs(): Promise<number>;
  stop(): void;
}

/** Starts a sink on a free port. */
export async function startSink(): Promise<Sink> {
  const child: ChildProcess = fork(new URL("sink.ts", import.meta.url), { serialization: "advanced" });
  const answered = <Answer>() =>
    new Promise<Answer>((resolve, reject) => {
      child.once("message", (message) => resolve(message as Answer));
      child.once("exit", () => reject(new Error("the sink has ended, and with it what it remembered")));
    });
  child.setMaxListeners(0);
  const { port } = await answered<{ port: number }>();
  const receipts: Receipt[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  // One question at a time: answers carry no number.
  const ask = <Answer>(question: () => object): Promise<Answer> => {
    const answer = queue.then(() => {
      child.send(question());
      return answered<Answer>();
    });
    queue = answer.catch(() => {});
    return answer;
  };
  const take = async () => {
    const {
      atMs,
      deliveryId,
      eventId,
      partner,
      status,
      port: from,
    } = await ask<Columns>(() => ({
      ask: "receipts",
      from: receipts.length,
    }));
    for (const [n, at] of atMs.entries())
      receipts.push({
        atMs: at,
        deliveryId: deliveryId[n]!,
        eventId: eventId[n]!,
        partner: partner[n]!,
        status: status[n]!,
        port: from[n]!,
      });
  };
  return {
    target: `127.0.0.1:${port}`,
    receipts,
    async sync() {
      // The sink hears questions and requests in one loop: what was there before the first question is read by the second.
      await take();
      await take();
    },
    longestPauseMs: async () => (await ask<{ longestMs: number }>(() => ({ ask: "loop" }))).longestMs,
    stop: () => void child.kill("SIGKILL"),
  };
}
