import type { Engine } from "@postrider/engine";
import type { Settings } from "../../config.ts";
import type { Metrics } from "../../metrics.ts";
import type { AcceptBatcher } from "../accept-batcher.ts";
import { openApiDocument } from "../openapi.ts";
import type { Route } from "../route.ts";
import { cancellationRoutes } from "./cancellations.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { endpointVersionRoutes } from "./endpoint-versions.ts";
import { endpointRoutes } from "./endpoints.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { partnerRoutes } from "./partners.ts";
import { previewRoutes } from "./previews.ts";
import { reclassifyRoutes } from "./reclassify.ts";
import { replayRoutes } from "./replays.ts";
import { retryRoutes } from "./retries.ts";
import { secretRoutes } from "./secrets.ts";
import { statusRoutes } from "./status.ts";

/** What the routes are made of. */
export interface RouteParts {
  readonly engine: Engine;
  readonly batcher: AcceptBatcher;
  readonly metrics: Metrics;
  readonly settings: Pick<Settings, "roles" | "allowTargets">;
  readonly version: string;
  readonly startedAtMs: number;
  readonly stopping: () => boolean;
}

/** Every route of a process: those of its roles, and health for all. */
export function apiRoutes({
  engine,
  batcher,
  metrics,
  settings,
  version,
  startedAtMs,
  stopping,
}: RouteParts): Route[] {
  let document: unknown;
  const routes: Route[] = [
    ...(settings.roles.api
      ? [
          ...eventRoutes(engine, batcher, ({ status }) => metrics.accepted(status)),
          ...partnerRoutes(engine),
          ...secretRoutes(engine),
          ...endpointRoutes(engine),
          ...endpointVersionRoutes(engine),
          ...previewRoutes(engine),
          ...deliveryRoutes(engine),
          ...replayRoutes(engine),
          ...reclassifyRoutes(engine),
          ...cancellationRoutes(engine),
          ...retryRoutes(engine),
          ...statusRoutes(engine, settings, version),
        ]
      : []),
    ...healthRoutes({
      engine,
      worker: settings.roles.worker,
      startedAtMs,
      stopping,
      metricsText: metrics.text,
      metricsContentType: metrics.contentType,
      openApi: () => (document ??= openApiDocument(routes, version)),
    }),
  ];
  return routes;
}
