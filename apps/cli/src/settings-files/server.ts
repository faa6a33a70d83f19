/**
 * The settings that a server has, and the calls that change them.
 *
 * @packageDocumentation
 */
import { readPages } from "@postrider/client";
import pRetry from "p-retry";
import type { ApiClient } from "../api-client.ts";
import { absent } from "../absent.ts";
import { CliError } from "../exit.ts";
import { inParallel } from "./in-parallel.ts";
import { endpointOf, partnerOf, type PartnerSettings } from "./settings.ts";

/** The calls that export and apply make. */
export type SettingsApi = Pick<
  ApiClient,
  | "listPartners"
  | "getPartner"
  | "putPartner"
  | "deletePartner"
  | "listEndpoints"
  | "getEndpoint"
  | "putEndpoint"
  | "deleteEndpoint"
  | "groups"
  | "listSecrets"
>;

/** The server takes changes on 4 of its connections; more calls would only wait there. */
export const callsAtOnce = 4;

const partnersAPage = 500;
/** So many are asked for one by one; for more, all are listed by pages. */
const askedOneByOne = 50;

/** What passes: the same call succeeds later. */
const passing = new Set(["busy", "rate_limited", "ledger_unavailable", "shutting_down"]);

/** Makes a call again, with growing waits, while its error is one that passes. */
export function persistently<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return pRetry(call, {
    retries: 5,
    minTimeout: 200,
    factor: 2,
    signal,
    shouldRetry: ({ error }) => error instanceof CliError && passing.has(error.code),
  });
}

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * The partners with these ids, or all, with their endpoints, by id. Ids that the server does not have are left out.
 * Endpoints are read for each partner that has any: the API lists them by partner.
 *
 * @param ids the partners to read, or null for all
 * @param alsoOthers answer also the partners that `ids` does not name, without their endpoints
 */
export async function readSettings(
  api: SettingsApi,
  ids: readonly string[] | null,
  alsoOthers: boolean,
  { signal, onProgress }: ReadOptions,
): Promise<ReadonlyMap<string, PartnerSettings>> {
  const named = ids === null ? null : new Set(ids);
  const shown =
    named !== null && !alsoOthers && named.size <= askedOneByOne
      ? await someShown(api, [...named], signal)
      : await allShown(api, signal);
  const found: PartnerSettings[] = [];
  let done = 0;
  const read = shown.filter(({ id }) => alsoOthers || named === null || named.has(id));
  await inParallel(read, callsAtOnce, async (partner, index) => {
    const wanted = (named === null || named.has(partner.id)) && partner.endpoints?.total !== 0;
    const { endpoints } = wanted
      ? ((await persistently(() => api.listEndpoints(partner.id), signal).catch(absent)) ?? { endpoints: [] })
      : { endpoints: [] };
    found[index] = {
      id: partner.id,
      document: partnerOf(partner),
      endpoints: new Map(endpoints.map((one) => [one.id, endpointOf(one)])),
    };
    done += 1;
    onProgress(done, read.length);
  });
  return new Map(found.map((partner) => [partner.id, partner]));
}

type Shown = Awaited<ReturnType<SettingsApi["getPartner"]>>;

async function someShown(
  api: SettingsApi,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly Shown[]> {
  const shown: (Shown | null)[] = [];
  await inParallel(ids, callsAtOnce, async (id, index) => {
    shown[index] = await persistently(() => api.getPartner(id), signal).catch(absent);
  });
  return shown.filter((partner) => partner !== null);
}

async function allShown(api: SettingsApi, signal: AbortSignal): Promise<readonly Shown[]> {
  const shown: Shown[] = [];
  const read = (cursor: string | undefined) =>
    persistently(() => api.listPartners({ limit: partnersAPage, cursor }), signal);
  for await (const { partners } of readPages(read)) shown.push(...partners);
  return shown;
}
