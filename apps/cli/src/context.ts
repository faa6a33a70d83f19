/**
 * What a command may touch of the outside: streams, environment, time, chance, a hand on the keyboard. Commands get
 * it as an argument, so a test runs them in its own process with captured output.
 *
 * @packageDocumentation
 */

/** Where text goes. */
export interface Output {
  write(text: string): void;
  /** True on a terminal: tables are cut to its width and progress is drawn in place. */
  readonly isTTY: boolean;
  /** Colours are used only where this is true (a terminal, and no `NO_COLOR`). */
  readonly colour: boolean;
  /** Columns of the terminal; ignored where there is none. */
  readonly columns: number;
}

/** Standard input: bytes to read, and whether a person is behind it. */
interface Input {
  readonly isTTY: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths are read from here. */
  readonly cwd: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** A fresh id, for events sent without one. */
  readonly newId: () => string;
  /** Waits; rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Asks on the terminal and answers what was typed. */
  readonly ask: (question: string) => Promise<string>;
  /** The same without showing what is typed. */
  readonly askHidden: (question: string) => Promise<string>;
  /** How this command is called here, for lines to paste: `postrider`, or the path of its entry in a checkout. */
  readonly self: string;
}

/** Writes one line. */
export function say(output: Output, line = ""): void {
  output.write(`${line}\n`);
}

/** Writes one JSON document, indented for a terminal and on one line for a pipe. */
export function sayJson(output: Output, document: unknown): void {
  say(output, output.isTTY ? JSON.stringify(document, null, 2) : JSON.stringify(document));
}
