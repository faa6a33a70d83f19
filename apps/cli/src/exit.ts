/** The exit codes of every command, for scripts. */
export const exitCodes = {
  ok: { code: 0, meaning: "Done." },
  failed: {
    code: 1,
    meaning: "It failed, or something wrong was found (a conflict, an invalid event, a failing check).",
  },
  usage: { code: 2, meaning: "The command line is wrong; nothing was done." },
  unreachable: { code: 3, meaning: "The server cannot be reached." },
  notFound: { code: 4, meaning: "There is nothing under this id." },
  changes: { code: 5, meaning: "A dry run of `apply` found changes to make." },
  interrupted: { code: 130, meaning: "Ended by Ctrl-C." },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type ExitName = keyof typeof exitCodes;

/** One place in a request that is wrong, as the API names it. */
export interface Issue {
  readonly path: string;
  readonly message: string;
  /** 0-based character within the value, for templates. */
  readonly position?: number;
}

/**
 * What ends a command early: shown as `message`, then `hint`, with the exit code of `exit`.
 *
 * @example throw new CliError("usage", "Give an event type or --file.", { hint: "postrider send --help" })
 */
export class CliError extends Error {
  readonly exit: ExitName;
  readonly hint: string | undefined;
  /** The API's error code, or one of the command's own in snake_case. */
  readonly code: string;
  readonly issues: readonly Issue[];

  constructor(
    exit: ExitName,
    message: string,
    detail: { hint?: string | undefined; code?: string; issues?: readonly Issue[]; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "CliError";
    this.exit = exit;
    this.hint = detail.hint;
    this.code =
      detail.code ??
      {
        ok: "ok",
        failed: "failed",
        usage: "usage",
        unreachable: "unreachable",
        notFound: "not_found",
        changes: "changes",
        interrupted: "interrupted",
      }[exit];
    this.issues = detail.issues ?? [];
  }

  /** The form of `--json`. */
  toJSON(): { code: string; message: string; hint?: string; issues?: readonly Issue[] } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.issues.length === 0 ? {} : { issues: this.issues }),
    };
  }
}
