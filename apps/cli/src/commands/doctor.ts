import { stat } from "node:fs/promises";
import { join } from "node:path";
import { defineCommand } from "../command.ts";
import { type Output, say, sayJson } from "../context.ts";
import type { Check, Verdict } from "../check.ts";
import { diagnose, type Gathered } from "../diagnosis.ts";
import { CliError, exitCodes } from "../exit.ts";
import { tone } from "../render/colour.ts";
import { plain } from "../render/text.ts";
import { apiKeyFile, clientSettings, dataDirOf } from "../settings.ts";

export const doctor = defineCommand({
  name: "doctor",
  summary:
    "Check settings, server, ledger, clocks, dispatcher, backlog, macros, secrets, credentials and conservation.",
  description:
    "Conservation means that every delivery ever accepted is either finished or still pending; anything else was lost. " +
    "Exit code 1 if anything fails; warnings alone are 0.",
  options: {},
  examples: [
    { line: "postrider doctor", meaning: "Check everything:" },
    { line: "postrider doctor --json", meaning: "For a monitor:" },
  ],
  async run({ context, json, given, api }) {
    const settings = await clientSettings(context, given);
    const client = await api();
    const dataDir = dataDirOf(context);
    const keyFileMode = await stat(join(dataDir, apiKeyFile)).then(
      (file) => file.mode & 0o777,
      () => null,
    );
    const askedMs = context.now();
    const status = await gather(client.status());
    const answeredMs = context.now();
    const conservation = await gather(client.conservation());
    const warnings = await gather(client.endpointWarnings());
    const checks = diagnose({
      settings,
      dataDir,
      keyFileMode,
      askedMs,
      answeredMs,
      status,
      conservation,
      warnings,
    });
    const failed = checks.some((check) => check.verdict === "failure");
    if (json) sayJson(context.stdout, { ok: !failed, checks });
    else for (const check of checks) write(context.stdout, check);
    if ("error" in status && status.error.exit === "unreachable") return exitCodes.unreachable.code;
    return failed ? exitCodes.failed.code : exitCodes.ok.code;
  },
});

async function gather<T>(answer: Promise<T>): Promise<Gathered<T>> {
  try {
    return { value: await answer };
  } catch (error) {
    if (error instanceof CliError && error.exit !== "interrupted") return { error };
    throw error;
  }
}

const marks = { ok: "ok  ", warning: "warn", failure: "fail" } as const satisfies Record<Verdict, string>;
const tones = { ok: "good", warning: "warning", failure: "bad" } as const;

function write(out: Output, check: Check): void {
  say(out, `${tone(out, tones[check.verdict], marks[check.verdict])}  ${check.name}: ${plain(check.found)}`);
  if (check.remedy !== undefined) say(out, `      ${plain(check.remedy)}`);
}
