import type { Sandbox } from "@postrider/sandbox";
import type { RunningServer } from "@postrider/server";
import { absent } from "./absent.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";

/** A server of this process, and the sandbox beside it. */
export interface Running {
  readonly url: string;
  readonly apiKey: string;
  /** Which ledger it runs on, in words. */
  readonly ledger: string;
  readonly sandbox: { readonly url: string; readonly requests: string } | null;
  /** Stops the server first, so that attempts in flight still find the sandbox. */
  stop(): Promise<void>;
}

const partnerId = "sandbox";
const endpointId = "main";

/** How long the secrets of earlier starts still sign beside the new one. */
const secretOverlap = "1m";

/**
 * Starts a server in this process, with `withSandbox` also a sandbox that is registered as a partner.
 *
 * @throws CliError `failed` for wrong settings, a port or data folder in use, an unreachable ledger
 */
export async function startRunning(context: Context, withSandbox: boolean): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const [{ readSettings, startServer }, sandboxModule] = await Promise.all([
      import("@postrider/server"),
      withSandbox ? import("@postrider/sandbox") : null,
    ]);
    // Someone who tries it reads the welcome, not a line per attempt; a server without a sandbox logs as set.
    const quiet = withSandbox ? { POSTRIDER_LOG_LEVEL: "warn" } : {};
    const settings = readSettings({ ...quiet, ...context.env });
    if (sandboxModule === null) {
      const server = await startServer(settings);
      undo.push(() => server.stop());
      return running(server, null, stop);
    }
    if (!settings.roles.api)
      throw new CliError(
        "usage",
        "--sandbox registers itself over the API, but POSTRIDER_ROLES leaves out the API. Add the role api.",
      );
    const sandbox = await sandboxModule.startSandbox({ port: settings.sandboxPort });
    undo.push(() => sandbox.close());
    const target = new URL(sandbox.url).host;
    const server = await startServer({ ...settings, allowTargets: [...settings.allowTargets, target] });
    undo.push(() => server.stop());
    const api = createApiClient({ url: server.url, apiKey: server.apiKey.reveal(), signal: context.signal });
    await register(api, sandbox);
    return running(server, sandbox, stop);
  } catch (error) {
    await stop();
    throw startFault(error, context);
  }
}

function running(server: RunningServer, sandbox: Sandbox | null, stop: () => Promise<void>): Running {
  return {
    url: server.url,
    apiKey: server.apiKey.reveal(),
    ledger: server.description.ledger,
    sandbox: sandbox === null ? null : { url: sandbox.url, requests: `${sandbox.url}/_sandbox/requests` },
    stop,
  };
}

/**
 * Makes the sandbox a partner that takes every event and verifies each signature. What an operator changed since (a
 * rate, a schedule) stays. The secret is a new one at each start, so that none needs to be kept outside the ledger.
 */
async function register(api: ApiClient, sandbox: Sandbox): Promise<void> {
  const partner = sandbox.partner(partnerId);
  const known = await api.getPartner(partnerId).catch(absent);
  const { signing_secret: secret } =
    known === null
      ? await api.putPartner(partnerId, { name: "Sandbox" })
      : await api.rotateSecret(partnerId, { overlap: secretOverlap });
  if (secret) partner.secret(secret);
  const before = await api.getEndpoint(partnerId, endpointId).catch(absent);
  if (before === null) await api.putEndpoint(partnerId, endpointId, { url: partner.url, events: ["*"] });
  else if (!before.url.startsWith(sandbox.url)) await moveEndpoint(api, before, sandbox);
}

/** The sandbox has another port than last time. */
async function moveEndpoint(
  api: ApiClient,
  before: Awaited<ReturnType<ApiClient["getEndpoint"]>>,
  sandbox: Sandbox,
): Promise<void> {
  const {
    id: _id,
    partner: _partner,
    version: _version,
    state: _state,
    held_until: _heldUntil,
    note: _note,
    circuit: _circuit,
    ...document
  } = before;
  await api.putEndpoint(partnerId, endpointId, { ...document, url: sandbox.partner(partnerId).url });
}

/** Errors of the server and the sandbox have codes in snake_case and a remedy: shown as they are. Others are faults. */
function startFault(error: unknown, context: Context): unknown {
  if (context.signal.aborted) return new CliError("interrupted", "Interrupted.");
  if (error instanceof CliError || !(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  if (!/^[a-z]+(_[a-z]+)*$/.test(code)) return error;
  const hint = "hint" in error && typeof error.hint === "string" ? error.hint : hints[code];
  return new CliError("failed", error.message, { code, hint, cause: error });
}

const hints: Readonly<Record<string, string>> = {
  port_unavailable: "Choose another port for it: POSTRIDER_SANDBOX_PORT.",
};
