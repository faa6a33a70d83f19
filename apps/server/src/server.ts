import { readFileSync } from "node:fs";
import { type Engine, type EngineOptions, openEngine } from "@postrider/engine";
import type { Settings } from "./config.ts";
import { folderFault, isInMemory, type Keys, ledgerDir, loadKeys } from "./data-folder.ts";
import { lockFolder } from "./folder-lock.ts";
import { createAcceptBatcher } from "./http/accept-batcher.ts";
import { createHostCheck } from "./http/allowed-hosts.ts";
import { createApp } from "./http/app.ts";
import { createBodyBudget } from "./http/body-budget.ts";
import { createKeyGuesses } from "./http/key-guesses.ts";
import { createKeyring } from "./http/keyring.ts";
import { listen } from "./http/listen.ts";
import { createProcessorSlices } from "./http/processor-slices.ts";
import { apiRoutes } from "./http/routes/index.ts";
import { type Log, loggable, openLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import type { Sealed } from "./sealed.ts";
import { createTelemetry, operatorLine } from "./telemetry.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** A server that takes calls. */
export interface RunningServer {
  /** Where the API is, `http://127.0.0.1:4400`. */
  readonly url: string;
  readonly port: number;
  readonly keys: Keys;
  /** The key to call the API with. */
  readonly apiKey: Sealed<string>;
  readonly description: Engine["description"];
  readonly log: Log;
  /** Writes out what the log still holds. */
  readonly flushLog: () => void;
  /** Takes no new calls and turns; resolves when those under way have ended or `graceMs` has passed. */
  stop(graceMs?: number): Promise<void>;
}

export interface StartOptions {
  /** Default: JSON lines on standard output. */
  readonly logTo?: { write(line: string): void };
  /** For tests: what to build on instead of the real engine. */
  readonly openEngine?: typeof openEngine;
}

/**
 * Puts a server together and starts it: keys, engine, HTTP, and with the role `worker` the dispatcher. Resolves when
 * it takes calls.
 *
 * @throws PostriderError `invalid_settings`, `database_unreachable`, `database_unsuitable`, `ledger_too_new`,
 * `ledger_differs`, `ledger_copied`, `secret_unreadable`
 * @example const server = await startServer(readSettings(process.env))
 */
export async function startServer(settings: Settings, options: StartOptions = {}): Promise<RunningServer> {
  const embedded = settings.databaseUrl === null;
  const undo: (() => unknown)[] = [];
  try {
    const unlock = embedded && !isInMemory(settings) ? lockFolder(settings.dataDir) : () => {};
    undo.push(unlock);
    const keys = loadKeys(settings);
    const { log, flush } = openLog(settings.logLevel, options.logTo);
    undo.push(flush);
    if (settings.ignored.length > 0)
      log.debug({ names: settings.ignored }, "variables of Kubernetes services are not read as settings");
    for (const warning of settings.warnings) log.warn(warning);
    if (!embedded && keys.keptIn !== null) {
      log.warn(
        { kept_in: keys.keptIn },
        "keys come from the data folder: processes that share this database need the same POSTRIDER_API_KEY and POSTRIDER_MASTER_KEY",
      );
    }
    // The ledger's time, once there is a ledger.
    let now = (): number => Date.now();
    const metrics = createMetrics(version, () => now());
    const engine = await (options.openEngine ?? openEngine)({
      ...engineSettings(settings),
      masterKeys: keys.masterKeys.reveal(),
      telemetry: createTelemetry(log, metrics, () => performance.now()),
      operator: { ...settings.operator, heard: operatorLine(log, metrics) },
    });
    undo.push(() => engine.stop(0));
    now = engine.now;
    metrics.watch(engine);

    let stopping = false;
    const batcher = createAcceptBatcher(
      { accept: engine.events.acceptJudged },
      { ring: (nos) => engine.ring(nos), committed: metrics.batch },
      now,
    );
    const routes = apiRoutes({
      engine,
      batcher,
      metrics,
      settings,
      version,
      startedAtMs: now(),
      stopping: () => stopping,
    });
    const app = createApp(routes, {
      keyring: createKeyring(
        keys.apiKeys.reveal(),
        createKeyGuesses(now, ({ address, before }) =>
          log.warn({ address, in_window_before: before }, "unknown API key"),
        ),
      ),
      checkHost: createHostCheck(settings.host, settings.allowedHosts),
      api: settings.roles.api,
      maxBodyBytes: settings.maxBodyBytes,
      bodies: createBodyBudget(settings.maxBodiesBytes),
      processor: createProcessorSlices(),
      now,
      stopping: () => stopping,
      report: ({ requestId, error }) =>
        log.error({ request_id: requestId, error: loggable(error) }, "request failed"),
      answered(request) {
        metrics.request(request);
        if (request.status === 499) log.debug(request, "the caller went away");
      },
    });
    const listener = await listen(app, settings);
    undo.push(() => listener.close(0));
    if (settings.roles.worker) await engine.start();

    let stopped: Promise<void> | undefined;
    const stop = async (graceMs: number): Promise<void> => {
      stopping = true;
      const startedAt = performance.now();
      await listener.close(graceMs);
      await engine.stop(Math.max(0, graceMs - (performance.now() - startedAt)));
      unlock();
      log.info("stopped");
      flush();
    };
    const [firstKey = ""] = keys.apiKeys.reveal();
    return {
      url: listener.url,
      port: listener.port,
      keys,
      apiKey: keys.apiKeys.map(() => firstKey),
      description: engine.description,
      log,
      flushLog: flush,
      stop: (graceMs = settings.shutdownGraceMs) => (stopped ??= stop(graceMs)),
    };
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw folderFault(error, settings.dataDir);
  }
}

/** What of the settings is the engine's. */
function engineSettings(settings: Settings): Omit<EngineOptions, "masterKeys"> {
  const { databaseUrl, redisUrl, egressProxy } = settings;
  return {
    ...(databaseUrl === null ? {} : { databaseUrl: databaseUrl.reveal(), database: settings.database }),
    ...(redisUrl === null ? {} : { redisUrl: redisUrl.reveal(), redisPrefix: settings.redisPrefix }),
    ...(settings.adoptLedger === null ? {} : { adoptLedger: settings.adoptLedger }),
    dataDir: ledgerDir(settings),
    allowTargets: settings.allowTargets,
    // With an address, as those who find it in their logs would want: an unnamed client is what firewalls refuse.
    userAgent: `Postrider/${version} (+https://github.com/postrider/postrider)`,
    process: { version, roles: (["api", "worker"] as const).filter((role) => settings.roles[role]) },
    ceiling: {
      ...(settings.maxLedgerBytes === null ? {} : { maxBytes: settings.maxLedgerBytes }),
      ...(settings.minFreeBytes === null ? {} : { minFreeBytes: settings.minFreeBytes }),
    },
    maxInFlight: settings.maxInFlight,
    retentionDays: settings.retentionDays,
    deadRetentionDays: settings.deadRetentionDays,
    ...(settings.caBundle === null ? {} : { caBundle: settings.caBundle }),
    ...(egressProxy === null ? {} : { egressProxy: egressProxy.reveal() }),
  };
}
