import {
  type CancellationOperations,
  type DeliveryOperations,
  type Engine,
  PostriderError,
} from "@postrider/engine";
import { z } from "zod";
import { definedFilter } from "../delivery-filter.ts";
import { selectionLimits } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { cancellationRequest, cancellationView } from "@postrider/contract";

/** Cancelling what waits. */
export function cancellationRoutes({
  operations,
  sweepNow,
}: Pick<Engine, "sweepNow"> & { readonly operations: CancellationOperations & DeliveryOperations }): Route[] {
  const byFilter = route(
    "POST",
    "/v1/cancellations",
    {
      operationId: "cancelDeliveries",
      tag: "cancellations",
      summary: "Cancel pending deliveries by filter, or count what would be cancelled.",
      body: cancellationRequest,
      limits: selectionLimits,
      answers: { 200: { meaning: "Done (or counted, for a dry run).", schema: cancellationView } },
      errors: ["not_found"],
    },
    async ({ body, nowMs, signal }) => {
      const filter = definedFilter(body.filter, nowMs);
      const result = await operations.cancelDeliveries(
        filter,
        { dryRun: body.dry_run },
        nowMs,
        body.dry_run ? signal : undefined,
      );
      // Those behind them in the order of their keys can go.
      if (result.cancelled > 0) sweepNow();
      return { status: 200, json: result };
    },
  );

  const byEvent = route(
    "DELETE",
    "/v1/events/{event_id}",
    {
      operationId: "cancelEvent",
      tag: "events",
      summary: "Cancel what is still pending of an event. The event itself stays.",
      params: z.strictObject({ event_id: z.string().max(200) }),
      answers: { 200: { meaning: "Done.", schema: cancellationView } },
      errors: ["not_found"],
    },
    async ({ params: { event_id }, nowMs }) => {
      const result = await operations.cancelDeliveries({ event_id }, { dryRun: false }, nowMs);
      if (result.cancelled > 0) sweepNow();
      else if ((await operations.getEvent(event_id)) === null) {
        throw new PostriderError("not_found", `There is no event ${event_id}.`, {
          hint: "Events past retention are gone; POSTRIDER_RETENTION_DAYS says when.",
        });
      }
      return { status: 200, json: result };
    },
  );

  return [byFilter, byEvent];
}
