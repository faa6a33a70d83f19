import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A process of the bench that answers questions over IPC. */
export interface Child<Question extends string> {
  readonly pid: number;
  ask<Answer>(question: Question): Promise<Answer>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly answer: unknown;
}

/**
 * Forks a file beside this one. Its first message says that it is ready, and is what `ready` resolves to.
 *
 * @param given sent to it as the first message
 * @param nodeArguments for node itself, such as `--cpu-prof`
 */
export async function startChild<Question extends string>(
  file: string,
  given: object = {},
  nodeArguments: readonly string[] = [],
): Promise<{ readonly child: Child<Question>; readonly ready: unknown }> {
  const process = fork(new URL(file, import.meta.url), { execArgv: [...nodeArguments] });
  const asked = new Map<number, (answer: unknown) => void>();
  let asks = 0;
  process.send(given);
  const ready = await firstMessage(process, file);
  process.on("message", ({ id, answer }: Reply) => {
    asked.get(id)?.(answer);
    asked.delete(id);
  });
  const child: Child<Question> = {
    pid: process.pid!,
    ask: <Answer>(question: Question) =>
      new Promise<Answer>((resolve) => {
        const id = ++asks;
        asked.set(id, (answer) => resolve(answer as Answer));
        process.send({ id, question });
      }),
    kill: (signal) => void process.kill(signal),
    async stop() {
      if (process.exitCode !== null || process.signalCode !== null) return;
      const ended = once(process, "exit");
      process.kill("SIGTERM");
      await ended;
    },
  };
  return { child, ready };
}

function firstMessage(process: ChildProcess, file: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    process.once("message", resolve);
    process.once("exit", (code) => reject(new Error(`${file} ended with ${code} before it was ready`)));
  });
}

/** The other end: answers the parent's questions, and ends with it. */
export function answerParent(answers: Readonly<Record<string, () => unknown>>, ready: object): void {
  process.on("message", ({ id, question }: { id: number; question: string }) => {
    void Promise.resolve(answers[question]!()).then((answer) =>
      process.send!({ id, answer: answer ?? null }),
    );
  });
  process.on("disconnect", () => process.exit(0));
  process.send!(ready);
}

/** What the parent gave. */
export async function givenByParent<Given>(): Promise<Given> {
  const [given] = (await once(process, "message")) as [Given];
  return given;
}
