import type { AllowedTargets } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { PartnerSettings, SettingsLedger } from "../ports/ledger.ts";
import { createBatcher } from "./batcher.ts";
import { compilePartner, type DispatchPartner, LeftToOthers } from "./partner.ts";

/** Compiled partners by version: every claim names the version it saw, so a change is taken up with the next claim. */
export interface PartnerCache {
  /** Null if the partner is gone. Rejects if its settings cannot be read or used. */
  readonly get: (partnerNo: number, version: number) => Promise<DispatchPartner | null>;
  /** To be called if the ledger's server was lost: the server that takes its place may have other settings. */
  readonly forget: () => void;
}

/** Compiled partners in memory, some 2 kB each. The one that was unused for longest is dropped first. */
const maxKept = 20_000;

export function createPartnerCache(
  ledger: SettingsLedger,
  clock: Clock,
  allowedTargets: AllowedTargets,
): PartnerCache {
  let kept = new Map<number, DispatchPartner>();
  const read = async (partnerNos: readonly number[]): Promise<readonly Loaded[]> => {
    try {
      const settings = await ledger.settings(partnerNos, clock.now());
      const byNo = new Map(settings.map((one) => [one.partnerNo, one]));
      return partnerNos.map((partnerNo) => compile(byNo.get(partnerNo), allowedTargets));
    } catch (error) {
      if (partnerNos.length === 1) return [{ error }];
      // One partner whose settings cannot be read must not keep the others of the batch from being read.
      return (await Promise.all(partnerNos.map((partnerNo) => read([partnerNo])))).flat();
    }
  };
  const load = createBatcher<number, Loaded>(read, { maxItems: 256, parallel: 1 });

  return {
    async get(partnerNo, version) {
      const known = kept;
      let partner = known.get(partnerNo) ?? null;
      // A server that forgot a change has a version that is smaller than the one that was read.
      if (partner === null || partner.version !== version) {
        const loaded = await load(partnerNo);
        if ("error" in loaded) throw loaded.error;
        partner = loaded.partner;
      }
      // What was read before the server was lost goes into a map that nobody looks at any more.
      known.delete(partnerNo);
      if (partner) known.set(partnerNo, partner);
      if (known.size > maxKept) known.delete(known.keys().next().value!);
      return partner;
    },
    forget: () => void (kept = new Map()),
  };
}

type Loaded = { readonly partner: DispatchPartner | null } | { readonly error: unknown };

function compile(settings: PartnerSettings | undefined, allowedTargets: AllowedTargets): Loaded {
  try {
    if (settings?.unreadable) return { error: new LeftToOthers(settings.id, { key: settings.unreadable }) };
    return { partner: settings ? compilePartner(settings, allowedTargets) : null };
  } catch (error) {
    return { error };
  }
}
