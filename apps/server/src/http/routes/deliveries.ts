import { type DeliveryOperations, PostriderError } from "@postrider/engine";
import { z } from "zod";
import { definedFilter, pageOf } from "../delivery-filter.ts";
import { type Route, route } from "../route.ts";
import { deliveriesQuery, deliveriesView, deliveryView, groupsQuery, groupsView } from "@postrider/contract";

const tag = "deliveries";

/** Deliveries: listed, shown, and counted in groups. */
export function deliveryRoutes({ operations }: { readonly operations: DeliveryOperations }): Route[] {
  const list = route(
    "GET",
    "/v1/deliveries",
    {
      operationId: "listDeliveries",
      tag,
      summary: "Deliveries, newest first; with time=finished, what ended last comes first.",
      query: deliveriesQuery,
      answers: { 200: { meaning: "A page of deliveries.", schema: deliveriesView } },
      errors: ["not_found"],
    },
    async ({ query, nowMs, signal }) => ({
      status: 200,
      json: await operations.listDeliveries(definedFilter(query, nowMs), pageOf(query), signal),
    }),
  );

  const get = route(
    "GET",
    "/v1/deliveries/{id}",
    {
      operationId: "getDelivery",
      tag,
      summary: "A delivery with its attempts.",
      params: z.strictObject({ id: z.string().max(100) }),
      answers: { 200: { meaning: "The delivery.", schema: deliveryView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, signal }) => {
      const delivery = await operations.getDelivery(id, signal);
      if (delivery === null)
        throw new PostriderError("not_found", `There is no delivery ${id}.`, {
          hint: "List the deliveries.",
        });
      return { status: 200, json: delivery };
    },
  );

  const groups = route(
    "GET",
    "/v1/delivery-groups",
    {
      operationId: "listDeliveryGroups",
      tag,
      summary: "Deliveries counted by partner, endpoint, state, reason and last error.",
      query: groupsQuery,
      answers: { 200: { meaning: "The groups, largest first.", schema: groupsView } },
      errors: ["not_found"],
    },
    async ({ query, nowMs, signal }) => ({
      status: 200,
      json: await operations.groupDeliveries(definedFilter(query, nowMs), signal),
    }),
  );

  return [list, get, groups];
}
