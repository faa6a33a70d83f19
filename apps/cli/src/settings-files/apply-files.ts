/**
 * What `apply` does: reads files and server, shows what is to change, and changes it.
 *
 * @packageDocumentation
 */
import type { ApiClient } from "../api-client.ts";
import { confirmed } from "../confirm.ts";
import { type Context, say, sayJson } from "../context.ts";
import { CliError, exitCodes } from "../exit.ts";
import { tone } from "../render/colour.ts";
import { startProgress } from "../render/progress.ts";
import { counted, grouped, plain } from "../render/text.ts";
import { checkFiles } from "./check.ts";
import { withCredentials } from "./credentials.ts";
import { readFiles } from "./folder.ts";
import { inParallel } from "./in-parallel.ts";
import { type Made, makeChanges } from "./make-changes.ts";
import { type Plan, planOf } from "./plan.ts";
import { neededText, findSecretsToSet, type NeededSecrets } from "./partner-secrets.ts";
import { actionOf, placeOf, planText, withoutCredentials } from "./plan-text.ts";
import { secretKeeper } from "./secrets.ts";
import { callsAtOnce, persistently, readSettings, type SettingsApi } from "./server.ts";
import type { PartnerSettings } from "./settings.ts";

/** What the command was called with. */
interface ApplyInvocation {
  readonly context: Context;
  readonly options: {
    readonly file: readonly string[];
    readonly dryRun: boolean;
    readonly prune: boolean;
    readonly prunePartners: boolean;
    readonly secretsFile: string | undefined;
    readonly yes: boolean;
  };
  readonly json: boolean;
  readonly api: () => Promise<ApiClient>;
}

/** Makes partners and endpoints as files say. Answers the exit code. @throws CliError `usage`, `failed` */
export async function applyFiles({ context, options, json, api }: ApplyInvocation): Promise<number> {
  if (options.file.length === 0)
    throw new CliError("usage", "Name the files: -f and a file or a folder.", {
      hint: "Write them with: postrider export-config --out partners",
    });
  const { partners, issues, fileOf } = checkFiles(await readFiles(context, options.file));
  if (issues.length > 0) throw invalidFiles(issues);
  if (partners.length === 0) throw new CliError("usage", "The files name no partner.");
  const client = await api();
  const found = await readFound(context, client, { partners, json, others: options.prunePartners });
  const prune = { endpoints: options.prune, partners: options.prunePartners };
  const wanted = filled(partners, found, fileOf);
  const plan = planOf(wanted, found, prune);
  const waiting = await waitingOf(context, client, plan);
  if (!json) context.stdout.write(planText(context.stdout, plan, waiting));
  if (options.dryRun || plan.changes.length === 0) {
    const needed = await findSecretsToSet(client, wanted, context.signal);
    if (json) sayJson(context.stdout, planJson(plan, waiting, needed));
    else sayNeeded(context, needed);
    return options.dryRun && plan.changes.length > 0 ? exitCodes.changes.code : exitCodes.ok.code;
  }
  const creates = plan.changes.some(({ endpoint, before }) => endpoint === null && before === null);
  const mayAsk = options.yes || context.stdin.isTTY;
  const keep = creates && mayAsk ? await secretKeeper(context, options.secretsFile) : null;
  const question = `Make ${counted(plan.changes.length, "change")}?`;
  if (!(await confirmed(context, question, options.yes))) {
    say(context.stderr, "Nothing was changed.");
    return exitCodes.failed.code;
  }
  const progress = startProgress(context.stderr, context.now, "applying", json);
  const unseen: string[] = [];
  const result = await makeChanges(client, plan.changes, {
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
  }).finally(progress.end);
  const needed = context.signal.aborted ? [] : await findSecretsToSet(client, wanted, context.signal);
  report(context, plan, { ...result, unseen, needed }, json);
  if (result.stopped !== null) return exitCodes[result.stopped.exit].code;
  return result.failed.length > 0 ? exitCodes.failed.code : exitCodes.ok.code;
}

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
  client: SettingsApi,
  { partners, json, others }: { partners: readonly PartnerSettings[]; json: boolean; others: boolean },
): Promise<ReadonlyMap<string, PartnerSettings>> {
  const progress = startProgress(context.stderr, context.now, "reading", json);
  const ids = partners.map(({ id }) => id);
  const options = { signal: context.signal, onProgress: progress.update };
  return readSettings(client, ids, others, options).finally(progress.end);
}

/** The partners with the server's values for credentials that the files hide. @throws CliError `failed` for those that it does not have */
function filled(
  partners: readonly PartnerSettings[],
  found: ReadonlyMap<string, PartnerSettings>,
  fileOf: ReadonlyMap<string, string>,
): readonly PartnerSettings[] {
  const issues: CliError["issues"][number][] = [];
  const complete = partners.map((partner) => {
    const endpoints = [...partner.endpoints].map(([id, endpoint]) => {
      const { document, missing } = withCredentials(endpoint, found.get(partner.id)?.endpoints.get(id));
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
  client: SettingsApi,
  { changes }: Plan,
): Promise<ReadonlyMap<string, number>> {
  const waiting = new Map<string, number>();
  const deleted = changes.filter(({ to }) => to === null).slice(0, mostCounted);
  await inParallel(deleted, callsAtOnce, async (change) => {
    const { partner, endpoint } = change;
    const query = { state: "pending" as const, partner, ...(endpoint === null ? {} : { endpoint }) };
    waiting.set(placeOf(change), (await persistently(() => client.groups(query), signal)).matched);
  });
  return waiting;
}

function sayNeeded({ stderr }: Context, needed: readonly NeededSecrets[]): void {
  for (const one of needed) say(stderr, tone(stderr, "warning", plain(`Warning: ${neededText(one)}`)));
}

function planJson(
  { changes, unchanged, unnamed }: Plan,
  waiting: ReadonlyMap<string, number>,
  needed: readonly NeededSecrets[],
) {
  return {
    changes: changes.map((change) => {
      const count = waiting.get(placeOf(change));
      return {
        action: actionOf(change),
        partner: change.partner,
        endpoint: change.endpoint,
        keys: change.keys.map(withoutCredentials),
        ...(count === undefined ? {} : { waiting: count }),
      };
    }),
    unchanged,
    in_no_file: unnamed,
    secrets_to_set: needed,
  };
}

interface Result extends Made {
  /** New partners whose secret did not arrive, or could not be written. */
  readonly unseen: readonly string[];
  /** Secrets that are still to be set. */
  readonly needed: readonly NeededSecrets[];
}

function report(
  context: Context,
  plan: Plan,
  { made, failed, left, stopped, unseen, needed }: Result,
  json: boolean,
): void {
  const { stdout, stderr } = context;
  const places = (changes: Plan["changes"]) =>
    changes.map((change) => ({
      action: actionOf(change),
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
      secrets_to_set: needed,
    });
    return;
  }
  for (const { change, error } of failed) {
    say(
      stderr,
      tone(stderr, "bad", plain(`Failed: ${actionOf(change)} ${placeOf(change)}: ${error.message}`)),
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
  sayNeeded(context, needed);
  const count = (action: string) => grouped(made.filter((change) => actionOf(change) === action).length);
  say(stdout, `Created ${count("create")}, changed ${count("change")}, deleted ${count("delete")}.`);
  if (failed.length === 0 && left.length === 0) return;
  const rest = left.length === 0 ? "" : `, not tried: ${leftWords(left.map(placeOf))}`;
  const why = stopped === null ? "" : ` ${stopped.message}`;
  say(stderr, plain(`Failed: ${grouped(failed.length)}${rest}.${why} Apply again when the cause is gone.`));
}

const leftWords = (places: readonly string[]): string =>
  places.length <= 10 ? places.join(", ") : grouped(places.length);
