import type { CommandDefinition, CommandGroup } from "../command.ts";
import { apply } from "./apply.ts";
import { cancel } from "./cancel.ts";
import { conformance } from "./conformance.ts";
import { deadLetters } from "./dead-letters.ts";
import { deliveries } from "./deliveries.ts";
import { doctor } from "./doctor.ts";
import { endpoints } from "./endpoints.ts";
import { explain } from "./explain.ts";
import { exportConfig } from "./export-config.ts";
import { partnerPack } from "./partner-pack.ts";
import { partners } from "./partners.ts";
import { reclassify } from "./reclassify.ts";
import { replays } from "./replays.ts";
import { retryNow } from "./retry-now.ts";
import { secrets } from "./secrets.ts";
import { send } from "./send.ts";
import { start } from "./start.ts";
import { verify } from "./verify.ts";

/** Every command, in the order of help and of the reference page. */
export const commands: readonly (CommandDefinition | CommandGroup)[] = [
  start,
  send,
  explain,
  partners,
  endpoints,
  secrets,
  exportConfig,
  apply,
  deliveries,
  deadLetters,
  replays,
  reclassify,
  retryNow,
  cancel,
  doctor,
  verify,
  conformance,
  partnerPack,
];
