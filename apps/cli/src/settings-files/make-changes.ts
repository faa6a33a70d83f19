import { CliError } from "../exit.ts";
import { inParallel } from "./in-parallel.ts";
import type { Change } from "./plan.ts";
import { absent } from "../absent.ts";
import { callsAtOnce, persistently, type SettingsApi } from "./server.ts";
import { endpointOf, partnerOf, sameDocument } from "./settings.ts";

/** A change that could not be made. */
export interface Failure {
  readonly change: Change;
  readonly error: CliError;
}

export interface Made {
  readonly made: readonly Change[];
  readonly failed: readonly Failure[];
  /** Not tried: their partner could not be created, or the server was lost. */
  readonly left: readonly Change[];
  /** What ended the run early, or null. */
  readonly stopped: CliError | null;
}

interface MakeOptions {
  readonly signal: AbortSignal;
  /** Called with the secret of a new partner, as soon as it is known; undefined: the server did not tell it. */
  readonly onSecret: (partner: string, secret: string | undefined) => Promise<void>;
  readonly onWarning: (place: string, message: string) => void;
  readonly onProgress: (done: number, total: number) => void;
}

/** Such an error would meet every other call too. */
const endsAll = (error: CliError): boolean =>
  error.exit === "unreachable" || error.exit === "interrupted" || error.code === "unauthorized";

/**
 * Makes the changes: some partners at a time, those of one partner in their order. One that fails does not stop the
 * others. What somebody else changed since it was read is left as it is, and counts as failed.
 */
export async function makeChanges(
  api: SettingsApi,
  changes: readonly Change[],
  options: MakeOptions,
): Promise<Made> {
  const made: Change[] = [];
  const failed: Failure[] = [];
  let stopped: CliError | null = null;
  await inParallel(byPartner(changes), callsAtOnce, async (ofPartner) => {
    for (const change of ofPartner) {
      if (stopped !== null) return false;
      try {
        await make(api, change, options);
        made.push(change);
      } catch (error) {
        const fault = asCliError(error, options.signal);
        failed.push({ change, error: fault });
        if (endsAll(fault)) stopped ??= fault;
        // Without its partner an endpoint cannot be.
        if (change.endpoint === null && change.before === null) break;
      }
      options.onProgress(made.length + failed.length, changes.length);
    }
    return stopped === null;
  });
  const tried = new Set([...made, ...failed.map(({ change }) => change)]);
  return { made, failed, left: changes.filter((change) => !tried.has(change)), stopped };
}

function byPartner(changes: readonly Change[]): readonly (readonly Change[])[] {
  return [...Map.groupBy(changes, ({ partner }) => partner).values()];
}

function asCliError(error: unknown, signal: AbortSignal): CliError {
  if (error instanceof CliError) return error;
  if (signal.aborted) return new CliError("interrupted", "Interrupted.");
  return new CliError("failed", error instanceof Error ? error.message : String(error), { cause: error });
}

async function make(api: SettingsApi, change: Change, options: MakeOptions): Promise<void> {
  const { partner } = change;
  const call = <T>(once: () => Promise<T>) => persistently(once, options.signal);
  if (change.endpoint === null) {
    const shown = await call(() => api.getPartner(partner)).catch(absent);
    refuseIfChanged(change, shown && partnerOf(shown));
    if (change.to === null) return void (await call(() => api.deletePartner(partner)));
    const put = await call(() => api.putPartner(partner, change.to));
    if (change.before === null) await options.onSecret(partner, put.signing_secret);
    return;
  }
  const { endpoint } = change;
  const shown = await call(() => api.getEndpoint(partner, endpoint)).catch(absent);
  refuseIfChanged(change, shown && endpointOf(shown));
  if (change.to === null) return void (await call(() => api.deleteEndpoint(partner, endpoint)));
  const { warnings } = await call(() => api.putEndpoint(partner, endpoint, change.to));
  for (const { message } of warnings) options.onWarning(`${partner}/${endpoint}`, message);
}

function refuseIfChanged({ before, to }: Change, now: object | null): void {
  const asPlanned =
    before === null || now === null ? before === now : sameDocument({ ...before }, { ...now });
  if (asPlanned) return;
  if (now !== null && to !== null && sameDocument({ ...to }, { ...now })) return;
  throw new CliError("failed", "Somebody else changed it after the plan was made; it is left as it is.", {
    code: "changed_meanwhile",
    hint: "Apply again: the plan will show what is different now.",
  });
}
