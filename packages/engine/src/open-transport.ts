import type { AllowedTargets } from "./core/target.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Clock } from "./ports/clock.ts";
import type { Transport } from "./ports/transport.ts";
import { createTransport } from "./transport/index.ts";

/** How partners are called, by the settings of the engine. */
export function openTransport(
  { names, caBundle, egressProxy }: Pick<EngineOptions, "names" | "caBundle" | "egressProxy">,
  clock: Clock,
  allowedTargets: AllowedTargets,
): Transport {
  return createTransport({
    clock,
    allowedTargets,
    ...(names ? { names } : {}),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(egressProxy === undefined ? {} : { egressProxy }),
  });
}
