/** What a process says of itself when it lacks what others have: pure words, for the conditions of `ports/conditions.ts`. */

/** A partner whose signing keys or secrets a process cannot open. */
export interface MissingMasterKey {
  readonly partner: string;
  /** The id of the master key that sealed them; null: they were changed, and no key opens them. */
  readonly keyId: string | null;
}

/** How a fleet changes its master key without a moment in which a process lacks one. */
export const masterKeyOrder =
  "give POSTRIDER_MASTER_KEY to every process in this order: old,new everywhere, then new,old, then new";

/** Why a start did not seal secrets again. */
export const notResealed = (count: number): string =>
  `A process that runs lacks the newest master key, so ${count} signing keys and secrets stay sealed with an older one: the next start with both keys seals them again. To change the key, ${masterKeyOrder}.`;

/**
 * Null: nothing is missing.
 *
 * @example missingKeyCondition([{ partner: "acme", keyId: "1a2b3c4d" }]) // "This process lacks the master key …"
 */
export function missingKeyCondition(lacks: readonly MissingMasterKey[]): string | null {
  if (lacks.length === 0) return null;
  const ids = [...new Set(lacks.flatMap(({ keyId }) => keyId ?? []))].sort();
  const whose = named(lacks.map(({ partner }) => partner));
  if (ids.length === 0)
    return `The signing keys or secrets of ${whose} cannot be opened: they were changed in the ledger. Restore them from a backup, or rotate the keys and set the secrets again.`;
  return `This process lacks the master key that opens the signing keys and secrets of ${whose} (key id ${ids.join(", ")}), and leaves them to processes that have it. To change the key, ${masterKeyOrder}.`;
}

/**
 * Null: nothing is refused here that another process allows.
 *
 * @example refusedTargetCondition([{ partner: "acme", targets: ["crm.internal:8080"] }])
 */
export function refusedTargetCondition(
  lacks: readonly { readonly partner: string; readonly targets: readonly string[] }[],
): string | null {
  if (lacks.length === 0) return null;
  const targets = named([...new Set(lacks.flatMap((lack) => lack.targets))]);
  return `POSTRIDER_ALLOW_TARGETS of this process does not name ${targets}, and that of another process does, which serves ${named(lacks.map(({ partner }) => partner))} instead. Give every process the same list.`;
}

const mostNamed = 3;

/** @example named(["a", "b", "c", "d", "e"]) // "a, b, c and 2 more" */
function named(names: readonly string[]): string {
  const shown = names.toSorted().slice(0, mostNamed);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
