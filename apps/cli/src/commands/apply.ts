import { defineCommand } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { type Context, say, sayJson } from "../context.ts";
import { CliError, exitCodes } from "../exit.ts";
import { tone } from "../render/colour.ts";
import { startProgress } from "../render/progress.ts";
import { counted, grouped, plain } from "../render/text.ts";
import type { Made } from "../settings-files/make-changes.ts";
import type { Plan } from "../settings-files/plan.ts";
import type { SettingsApi } from "../settings-files/server.ts";
import type { PartnerSettings } from "../settings-files/settings.ts";

type Parts = Awaited<ReturnType<typeof loadParts>>;

// Loaded when the command runs: no other command pays for the engine.
const loadParts = async () => ({
  ...(await import("../settings-files/check.ts")),
  ...(await import("../settings-files/folder.ts")),
  ...(await import("../settings-files/server.ts")),
  ...(await import("../settings-files/plan.ts")),
  ...(await import("../settings-files/make-changes.ts")),
  ...(await import("../settings-files/secrets.ts")),
  ...(await import("../settings-files/in-parallel.ts")),
  text: await import("../settings-files/plan-text.ts"),
  credentials: await import("../settings-files/credentials.ts"),
});

export const apply = defineCommand({
  name: "apply",
  summary: "Make partners and endpoints as files say; shows what changes, and asks first.",
  description:
    "A key that a file leaves out gets its default. All files are checked before anything is changed. Nothing is deleted without --prune or --prune-partners. " +
    "What somebody else changes between the plan and the change is left as it is. Exit code 1 if a change failed: the others are made, and applying again makes the rest.",
  options: {
    file: {
      kind: "list",
      short: "f",
      value: "path",
      summary: "a file, a folder with .json files, or - for standard input; several times",
    },
    dryRun: {
      kind: "switch",
      summary: `show the plan and change nothing; exit code ${exitCodes.changes.code} if there is something to change`,
    },
    prune: { kind: "switch", summary: "delete endpoints that the file of their partner does not have" },
    prunePartners: {
      kind: "switch",
      summary: "delete partners that no file has, with their endpoints and keys",
    },
    secretsFile: {
      kind: "text",
      value: "path",
      summary:
        "append the signing secrets of new partners to this file, a JSON line each; - for standard output",
      fallback: "the terminal",
    },
    yes: { kind: "switch", summary: "do not ask" },
  },
  examples: [
    { line: "postrider apply -f partners", meaning: "All files of a folder:" },
    { line: "postrider apply -f partners --dry-run", meaning: "What would change:" },
    {
      line: "postrider apply -f partners --prune --yes --secrets-file new-secrets.jsonl",
      meaning: "From a script:",
    },
  ],
  async run({ context, options, json, api }) {
    if (options.file.length === 0)
      throw new CliError("usage", "Name the files: -f and a file or a folder.", {
        hint: "Write them with: postrider export-config --out partners",
      });
    const parts = await loadParts();
    const { partners, issues, fileOf } = parts.checkFiles(await parts.readFiles(context, options.file));
    if (issues.length > 0) throw invalidFiles(issues);
    if (partners.length === 0) throw new CliError("usage", "The files name no partner.");
    const client = await api();
    const found = await readFound(context, parts, client, { partners, json, others: options.prunePartners });
    const prune = { endpoints: options.prune, partners: options.prunePartners };
    const plan = parts.planOf(withCredentials(parts, partners, found, fileOf), found, prune);
    const waiting = await waitingOf(context, parts, client, plan);
    if (!json) context.stdout.write(parts.text.planText(context.stdout, plan, waiting));
    if (options.dryRun || plan.changes.length === 0) {
      if (json) sayJson(context.stdout, planJson(parts, plan, waiting));
      return options.dryRun && plan.changes.length > 0 ? exitCodes.changes.code : exitCodes.ok.code;
    }
    const creates = plan.changes.some(({ endpoint, before }) => endpoint === null && before === null);
    const mayAsk = options.yes || context.stdin.isTTY;
    const keep = creates && mayAsk ? await parts.secretKeeper(context, options.secretsFile) : null;
    const question = `Make ${counted(plan.changes.length, "change")}?`;
    if (!(await confirmed(context, question, options.yes))) {
      say(context.stderr, "Nothing was changed.");
      return exitCodes.failed.code;
    }
    const progress = startProgress(context.stderr, context.now, "applying", json);
    const unseen: string[] = [];
    const result = await parts
      .makeChanges(client, plan.changes, {
        signal: context.signal,
        onSecret: async (partner, secret) => {
          progress.end();
          // The partner is there: a file that cannot be written must not count as a partner that failed.
          const kept =
            secret !== undefined &&
            (await keep?.(partner, secret).then(
              () => true,
              () => false,
            ));
          if (!kept) unseen.push(partner);
        },
        onWarning: (place, message) => {
          progress.end();
          say(context.stderr, tone(context.stderr, "warning", plain(`Warning: ${place}: ${message}`)));
        },
        onProgress: progress.update,
      })
      .finally(progress.end);
    report(context, parts, plan, { ...result, unseen }, json);
    if (result.stopped !== null) return exitCodes[result.stopped.exit].code;
    return result.failed.length > 0 ? exitCodes.failed.code : exitCodes.ok.code;
  },
});

const mostIssues = 100;

function invalidFiles(issues: CliError["issues"]): CliError {
  const more = issues.length > mostIssues ? ` The first ${mostIssues}:` : "";
  return new CliError(
    "failed",
    `The files are not right in ${counted(issues.length, "place")}. Nothing was changed.${more}`,
    { code: "invalid_files", issues: issues.slice(0, mostIssues) },
  );
}

async function readFound(
  context: Context,
  { readSettings }: Parts,
  client: SettingsApi,
  { partners, json, others }: { partners: readonly PartnerSettings[]; json: boolean; others: boolean },
): Promise<ReadonlyMap<string, PartnerSettings>> {
  const progress = startProgress(context.stderr, context.now, "reading", json);
  const ids = partners.map(({ id }) => id);
  const options = { signal: context.signal, onProgress: progress.update };
  return readSettings(client, ids, others, options).finally(progress.end);
}

/** The partners with the server's values for credentials that the files hide. @throws CliError `failed` for those that it does not have */
function withCredentials(
  { credentials }: Parts,
  partners: readonly PartnerSettings[],
  found: ReadonlyMap<string, PartnerSettings>,
  fileOf: ReadonlyMap<string, string>,
): readonly PartnerSettings[] {
  const issues: CliError["issues"][number][] = [];
  const complete = partners.map((partner) => {
    const endpoints = [...partner.endpoints].map(([id, endpoint]) => {
      const { document, missing } = credentials.withCredentials(
        endpoint,
        found.get(partner.id)?.endpoints.get(id),
      );
      for (const key of missing)
        issues.push({
          path: `${fileOf.get(partner.id)}, ${partner.id}/${id} ${key}`,
          message: "hides a value that the server does not have either: write the value itself",
        });
      return [id, document] as const;
    });
    return { ...partner, endpoints: new Map(endpoints) };
  });
  if (issues.length > 0) throw invalidFiles(issues);
  return complete;
}

/** So many deletions are shown with what they cancel; counting takes a call for each. */
const mostCounted = 100;

async function waitingOf(
  { signal }: Context,
  { inParallel, persistently, callsAtOnce, text }: Parts,
  client: SettingsApi,
  { changes }: Plan,
): Promise<ReadonlyMap<string, number>> {
  const waiting = new Map<string, number>();
  const deleted = changes.filter(({ to }) => to === null).slice(0, mostCounted);
  await inParallel(deleted, callsAtOnce, async (change) => {
    const { partner, endpoint } = change;
    const query = { state: "pending" as const, partner, ...(endpoint === null ? {} : { endpoint }) };
    waiting.set(text.placeOf(change), (await persistently(() => client.groups(query), signal)).matched);
  });
  return waiting;
}

function planJson(
  { text }: Parts,
  { changes, unchanged, unnamed }: Plan,
  waiting: ReadonlyMap<string, number>,
) {
  return {
    changes: changes.map((change) => {
      const count = waiting.get(text.placeOf(change));
      return {
        action: text.actionOf(change),
        partner: change.partner,
        endpoint: change.endpoint,
        keys: change.keys.map(text.withoutCredentials),
        ...(count === undefined ? {} : { waiting: count }),
      };
    }),
    unchanged,
    in_no_file: unnamed,
  };
}

interface Result extends Made {
  /** New partners whose secret did not arrive, or could not be written. */
  readonly unseen: readonly string[];
}

function report(
  { stdout, stderr }: Context,
  { text }: Parts,
  plan: Plan,
  { made, failed, left, stopped, unseen }: Result,
  json: boolean,
): void {
  const places = (changes: Plan["changes"]) =>
    changes.map((change) => ({
      action: text.actionOf(change),
      partner: change.partner,
      endpoint: change.endpoint,
    }));
  if (json) {
    sayJson(stdout, {
      done: places(made),
      failed: failed.map(({ change, error }) => ({ ...places([change])[0], error })),
      not_tried: places(left),
      unchanged: plan.unchanged,
      secrets_not_kept: unseen,
    });
    return;
  }
  for (const { change, error } of failed) {
    say(
      stderr,
      tone(
        stderr,
        "bad",
        plain(`Failed: ${text.actionOf(change)} ${text.placeOf(change)}: ${error.message}`),
      ),
    );
    for (const { path, message } of error.issues)
      if (!error.message.includes(message)) say(stderr, plain(`  ${path}: ${message}`));
    if (error.hint !== undefined) say(stderr, plain(`  ${error.hint}`));
  }
  for (const partner of unseen)
    say(
      stderr,
      tone(
        stderr,
        "warning",
        `The secret of ${partner} was not kept. Make another: postrider partners rotate-secret ${partner}`,
      ),
    );
  const count = (action: string) => grouped(made.filter((change) => text.actionOf(change) === action).length);
  say(stdout, `Created ${count("create")}, changed ${count("change")}, deleted ${count("delete")}.`);
  if (failed.length === 0 && left.length === 0) return;
  const rest = left.length === 0 ? "" : `, not tried: ${leftWords(left.map(text.placeOf))}`;
  const why = stopped === null ? "" : ` ${stopped.message}`;
  say(stderr, plain(`Failed: ${grouped(failed.length)}${rest}.${why} Apply again when the cause is gone.`));
}

const leftWords = (places: readonly string[]): string =>
  places.length <= 10 ? places.join(", ") : grouped(places.length);
