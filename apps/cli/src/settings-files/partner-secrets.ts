/**
 * Secrets of partners are in no file: they are set where files are applied. What is said of them is their names.
 *
 * @packageDocumentation
 */
import { compileTemplate } from "@postrider/engine";
import { absent } from "../absent.ts";
import { inParallel } from "./in-parallel.ts";
import { callsAtOnce, persistently, type SettingsApi } from "./server.ts";
import type { PartnerSettings } from "./settings.ts";

/**
 * The names of the secrets that each partner has; partners without any are left out. An older server knows none.
 *
 * @example (await listSecretNames(api, partners, signal)).get("acme") // ["access_token"]
 */
export async function listSecretNames(
  api: Pick<SettingsApi, "listSecrets">,
  partners: readonly Pick<PartnerSettings, "id">[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found: (readonly string[])[] = [];
  await inParallel(partners, callsAtOnce, async ({ id }, index) => {
    const listed = await persistently(() => api.listSecrets(id), signal).catch(absent);
    found[index] = (listed?.secrets ?? []).filter(({ set_at }) => set_at !== null).map(({ name }) => name);
  });
  const named = partners.map(({ id }, index) => [id, found[index] ?? []] as const);
  return new Map(named.filter(([, names]) => names.length > 0));
}

/** The secrets that endpoints of a partner need and that the partner does not have. */
export interface NeededSecrets {
  readonly partner: string;
  readonly secrets: readonly string[];
}

/** What is still to be set, once these partners are as the files say. */
export async function findSecretsToSet(
  api: Pick<SettingsApi, "listSecrets">,
  partners: readonly PartnerSettings[],
  signal: AbortSignal,
): Promise<readonly NeededSecrets[]> {
  const needing = partners.map((partner) => ({ id: partner.id, names: secretsUsed(partner) }));
  const some = needing.filter(({ names }) => names.length > 0);
  const had = await listSecretNames(api, some, signal);
  return some.flatMap(({ id, names }): NeededSecrets[] => {
    const missing = names.filter((name) => !had.get(id)?.includes(name));
    return missing.length === 0 ? [] : [{ partner: id, secrets: missing }];
  });
}

function secretsUsed({ endpoints }: PartnerSettings): readonly string[] {
  const names = [...endpoints.values()].flatMap((document) => {
    const compiled = compileTemplate(document);
    return compiled.ok ? compiled.template.secrets : [];
  });
  return [...new Set(names)].toSorted();
}

/** @example neededText({ partner: "acme", secrets: ["token"] }) // "acme needs the secret token, …" */
export const neededText = ({ partner, secrets }: NeededSecrets): string =>
  `${partner} needs ${secrets.length === 1 ? "the secret" : "the secrets"} ${secrets.join(", ")}, which files do not hold: nothing is sent to its endpoints that use ${secrets.length === 1 ? "it" : "them"} until you set ${secrets.length === 1 ? "it" : "them"}: postrider secrets set ${partner} ${secrets[0]}`;
