import type { Check, Judgement } from "../check.ts";
import type { Reply } from "../exchange.ts";
import { accepted } from "../judgement.ts";
import { freshnessChecks } from "./freshness.ts";
import { payloadChecks } from "./payloads.ts";
import { repeatChecks } from "./repeats.ts";
import { signatureChecks } from "./signatures.ts";

/** Without it nothing else says anything: an endpoint that refuses everything would pass half of the rest. */
export const validCheck = {
  id: "valid",
  severity: "must",
  sent: "an ordinary signed message",
  expected: "2xx",
  judge(reply: Reply): Judgement {
    return accepted(
      reply,
      "Check that URL, method and secret are this endpoint's, then see why: postrider verify --body … --headers ….",
    );
  },
} as const;

/** All others, in the order in which they are run. */
export const checks: readonly Check[] = [
  ...signatureChecks,
  ...freshnessChecks,
  ...repeatChecks,
  ...payloadChecks,
];
