import type { Engine, RetryOperations } from "@postrider/engine";
import { definedFilter } from "../delivery-filter.ts";
import { selectionLimits } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { retriedView, retryRequest } from "@postrider/contract";

/** Sending waiting retries now. */
export function retryRoutes({
  operations,
  ring,
}: Pick<Engine, "ring"> & { readonly operations: RetryOperations }): Route[] {
  const create = route(
    "POST",
    "/v1/retries",
    {
      operationId: "retryDeliveries",
      tag: "deliveries",
      summary:
        "Send waiting retries now, by filter, or count what would be sent. The retry ladder goes on where it is.",
      body: retryRequest,
      limits: selectionLimits,
      answers: { 200: { meaning: "Done (or counted, for a dry run).", schema: retriedView } },
      errors: ["not_found"],
    },
    async ({ body, nowMs, signal }) => {
      const filter = definedFilter(body.filter, nowMs);
      const { result, partnerNos } = await operations.retryNow(
        filter,
        { dryRun: body.dry_run },
        nowMs,
        body.dry_run ? signal : undefined,
      );
      if (partnerNos.length > 0) ring(partnerNos);
      return { status: 200, json: result };
    },
  );

  return [create];
}
