import { randomUUID } from "node:crypto";
import type { AllowedTargets } from "./core/target.ts";
import { compilePartner } from "./dispatch/partner.ts";
import { newestKeys } from "./dispatch/signer.ts";
import { sendTestPostback, type TestPostback } from "./dispatch/test-postback.ts";
import type { NameLedger, SettingsLedger } from "./ports/ledger.ts";
import type { Operations } from "./ports/operations.ts";
import { findChosenEvent, type EventChoice } from "./shown-requests.ts";

/** What a test postback is about, and which keys sign it: all live ones, or the newest of each scheme. Default: all. */
export interface TestChoice extends EventChoice {
  readonly keys?: "all" | "newest";
}

/** Sends a test postback by the settings of now; null if there is no such endpoint. */
export async function testEndpoint(
  {
    ledger,
    operations,
    allowedTargets,
    ...tools
  }: Parameters<typeof sendTestPostback>[3] & {
    readonly ledger: NameLedger & SettingsLedger;
    readonly operations: Pick<Operations, "getEvent">;
    readonly allowedTargets: AllowedTargets;
  },
  partnerId: string,
  endpointId: string,
  { keys = "all", ...choice }: TestChoice,
): Promise<TestPostback | null> {
  const found = await ledger.locate(partnerId, endpointId);
  const [settings] = found ? await ledger.settings([found.partnerNo], tools.clock.now()) : [];
  if (!found || !settings) return null;
  const id = randomUUID();
  const event = await findChosenEvent(operations, choice, `test-${id}`, tools.clock.now());
  const signing = keys === "all" ? settings.keys : newestKeys(settings.keys);
  const partner = compilePartner({ ...settings, keys: signing }, allowedTargets);
  return sendTestPostback(partner, partner.endpoints.get(found.endpointNo)!, id, tools, event);
}
