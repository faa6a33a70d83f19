import type { AllowedTargets } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { DispatchLedger } from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createBatcher } from "./batcher.ts";
import { compilePartner, type DispatchPartner } from "./partner.ts";

/** Compiled partners by version: every claim names the version it saw, so a change is taken up with the next claim. */
export interface PartnerCache {
  /** Null where the partner is gone or its settings cannot be used (the fault was told). */
  get(partnerNo: number, version: number): Promise<DispatchPartner | null>;
}

/** Compiled partners kept; the one longest unused goes first. Some 2 kB each. */
const maxKept = 20_000;

export function createPartnerCache(ledger: DispatchLedger, clock: Clock, allowedTargets: AllowedTargets, telemetry: Telemetry): PartnerCache {
  const kept = new Map<number, DispatchPartner>();
  const load = createBatcher<number, DispatchPartner | null>(
    async (partnerNos) => {
      const settings = await ledger.settings(partnerNos, clock.now());
      const compiled = new Map(settings.map((one) => [one.partnerNo, compilePartner(one, allowedTargets)]));
      return partnerNos.map((partnerNo) => compiled.get(partnerNo) ?? null);
    },
    { maxItems: 256, parallel: 1 },
  );

  return {
    async get(partnerNo, version) {
      let partner = kept.get(partnerNo) ?? null;
      // Read again unless it is at least as new as what the claim saw.
      if (partner === null || partner.version < version) {
        partner = await load(partnerNo).catch((error: unknown) => {
          telemetry.fault({ where: "settings", error, retryInMs: null });
          return null;
        });
      }
      kept.delete(partnerNo);
      if (partner) kept.set(partnerNo, partner);
      if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
      return partner;
    },
  };
}
