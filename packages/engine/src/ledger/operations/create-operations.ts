import type { AllowedTargets } from "../../core/target.ts";
import type { Operations } from "../../ports/operations.ts";
import { systemClock } from "../../ports/clock.ts";
import { createGate } from "../gate.ts";
import { asChangeError, asReadError, busyChanging } from "../ledger-error.ts";
import type { Seal } from "../seal.ts";
import { resealSecrets, type Resealed } from "../sealed-rows.ts";
import type { ReadSize, Sql } from "../sql.ts";
import { cancellationOperations } from "./cancellations.ts";
import type { OperationsContext } from "./context.ts";
import { countOperations } from "./counts.ts";
import { deliveryOperations } from "./deliveries.ts";
import { warningOperations } from "./endpoint-warnings.ts";
import { versionOperations } from "./endpoint-versions.ts";
import { endpointOperations } from "./endpoints.ts";
import { keyOperations } from "./keys.ts";
import { nameOperations } from "./names.ts";
import { numberOperations } from "./numbers.ts";
import { partnerOperations } from "./partners.ts";
import { reclassifyOperations } from "./reclassify.ts";
import { replayOperations } from "./replays.ts";
import { retryOperations } from "./retries.ts";
import { secretOperations } from "./secrets.ts";
import { vacuumOperations } from "./vacuum.ts";

/** Options of {@link createOperations}. */
export interface OperationsOptions {
  /** Targets that may be plain http or private: see `parseAllowedTargets`. */
  readonly allowedTargets: AllowedTargets;
  /** Called after a change was committed that dispatchers may want to act on at once. Default: nobody is told. */
  readonly onPartnersChanged?: (partnerNos: number[]) => void;
  /** Called if sending now failed after some of its steps: these partners have due work. Default: nobody is told. */
  readonly onMadeDue?: (partnerNos: readonly number[]) => void;
  /** Called after an operator resumed an endpoint that was paused or whose circuit was not well. Default: nobody is told. */
  readonly onEndpointResumed?: (partner: string, endpoint: string, troubleMs: number) => void;
}

/** The operations, and what the composition root does with them at the start. */
export interface LedgerOperations extends Operations {
  /**
   * Seals again, with the newest master key, what older ones sealed: an old master key can be taken away after one
   * start of every process with both. Nothing is sealed again while a process that runs lacks the newest key.
   *
   * @throws PostriderError `secret_unreadable` where no master key opens a secret
   */
  resealSecrets(): Promise<Resealed>;
}

/**
 * The operators' side of the ledger, over either driver. Every method may throw `ledger_unavailable`.
 *
 * @example
 * const operations = createOperations(sql, seal, { allowedTargets: parseAllowedTargets([]) });
 * await operations.putPartner("acme", { name: "Acme", ...partnerDefaults }, Date.now());
 */
export function createOperations(sql: Sql, seal: Seal, options: OperationsOptions): LedgerOperations {
  const context: OperationsContext = {
    ...changesOf(sql),
    reads: readsOf(sql),
    shared: sql.capabilities.shared,
    seal,
    allowedTargets: options.allowedTargets,
    changed: (partnerNo) => options.onPartnersChanged?.([partnerNo]),
    madeDue: (partnerNos) => options.onMadeDue?.(partnerNos),
    resumed: (partner, endpoint, troubleMs) => options.onEndpointResumed?.(partner, endpoint, troubleMs),
  };
  const endpoints = endpointOperations(context);
  return {
    ...partnerOperations(context),
    ...keyOperations(context),
    ...secretOperations(context),
    ...nameOperations(context),
    ...endpoints,
    ...versionOperations(context, endpoints),
    ...warningOperations(context),
    ...deliveryOperations(context),
    ...replayOperations(context),
    ...reclassifyOperations(context),
    ...cancellationOperations(context),
    ...retryOperations(context),
    ...countOperations(context),
    ...vacuumOperations(context),
    ...numberOperations(context),
    resealSecrets: () => resealSecrets(context.sql, seal),
  };
}

/** The part of the connections that operators' changes may take at once: the others are for what is accepted and sent. */
const changingPart = 0.4;
/** Changes that wait for one of those (most take some milliseconds, and a sync sends many at once), and for how long at most. */
export const mostWaiting = 1_000;
const waitMs = 5_000;

function changesOf(sql: Sql): Pick<OperationsContext, "sql" | "inOnePlace"> {
  const places = { change: Math.max(1, Math.floor(sql.capabilities.parallel * changingPart)) };
  const gate = createGate({ places, mostWaiting, waitMs, clock: systemClock, busy: busyChanging });
  const inOnePlace: OperationsContext["inOnePlace"] = (work) =>
    gate.run("change", () =>
      work({ query: (text, values) => sql.query<never>(text, values).catch(asChangeError) }),
    );
  return {
    sql: {
      query: (text, values) => inOnePlace((steps) => steps.query<never>(text, values)),
      transaction: (work) => gate.run("change", () => sql.transaction(work)).catch(asChangeError),
    },
    inOnePlace,
  };
}

function readsOf({ reads }: Sql): OperationsContext["reads"] {
  return (signal, size: ReadSize = "small") => ({
    query: (text, values) =>
      reads.query<never>(text, values, { size, signal }).catch((error: unknown) => {
        // The reason is the caller's own.
        if (signal?.aborted === true) throw error;
        return asReadError(error);
      }),
  });
}
