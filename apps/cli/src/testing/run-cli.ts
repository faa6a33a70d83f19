import type { Context, Output } from "../context.ts";
import { runProgram } from "../program.ts";
import { type FakeApi, type RecordedCall, type Routes, startFakeApi } from "./fake-api.ts";

export interface RunOptions {
  readonly routes?: Routes;
  /** Called instead of a fake API made from `routes`. */
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text, or the chunks of bytes that arrive. */
  readonly stdin?: string | readonly Uint8Array[];
  /** A terminal of this many columns, for all three streams. */
  readonly columns?: number;
  readonly colour?: boolean;
  /** What is typed at a question. */
  readonly typed?: string;
  readonly nowMs?: number;
  readonly signal?: AbortSignal;
  /** Called with all of standard output after each write, to act on what is shown. */
  readonly onStdout?: (text: string) => void;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: readonly RecordedCall[];
  readonly questions: readonly string[];
}

/** The time of all these tests, unless one says otherwise. */
export const testNowMs = Date.parse("2026-01-31T12:00:00Z");

/** Runs a command line in this process against a fake API, and answers all it wrote. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  await using api: FakeApi = await startFakeApi(options.routes ?? {});
  const written = { stdout: "", stderr: "" };
  const questions: string[] = [];
  const output = (name: "stdout" | "stderr"): Output => ({
    write: (text) => {
      written[name] += text;
      if (name === "stdout") options.onStdout?.(written.stdout);
    },
    isTTY: options.columns !== undefined,
    colour: options.colour ?? false,
    columns: options.columns ?? 80,
  });
  const context: Context = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: { isTTY: options.columns !== undefined, bytes: bytesOf(options.stdin ?? "") },
    env: { POSTRIDER_URL: options.url ?? api.url, POSTRIDER_API_KEY: "test-api-key-0000", ...options.env },
    cwd: options.cwd ?? "/nowhere",
    now: () => options.nowMs ?? testNowMs,
    newId: () => "fresh",
    sleep: async () => {},
    signal: options.signal ?? new AbortController().signal,
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(options.typed ?? "");
    },
    askHidden: (question) => {
      questions.push(question);
      return Promise.resolve(options.typed ?? "");
    },
    self: "postrider",
  };
  const code = await runProgram(context, argv);
  return { code, ...written, calls: api.calls, questions };
}

async function* bytesOf(input: string | readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  if (typeof input === "string") yield Buffer.from(input, "utf8");
  else yield* input;
}
