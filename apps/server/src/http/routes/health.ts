import type { Engine } from "@postrider/engine";
import { type Answer, type Route, route } from "../route.ts";
import { healthView } from "@postrider/contract";
import { conditionViews } from "../status-views.ts";

/** The dispatcher sweeps every few seconds even when idle: half a minute without progress is a hang. */
const stalledAfterMs = 30_000;

const tag = "health";
const healthy: Answer = { status: 200, json: { status: "ok" } };
const failing = (reason: string): Answer => ({ status: 503, json: { status: "failing", reason } });

export interface HealthSource {
  readonly engine: Engine;
  readonly worker: boolean;
  /** Epoch ms. */
  readonly startedAtMs: number;
  readonly stopping: () => boolean;
  readonly metricsText: () => Promise<string>;
  readonly metricsContentType: string;
  readonly openApi: () => unknown;
}

/** What machines ask without a key: liveness, readiness, metrics, and the API's own description. */
export function healthRoutes(source: HealthSource): Route[] {
  const { engine } = source;
  const healthAnswers = {
    200: { meaning: "Yes.", schema: healthView },
    503: { meaning: "No, and why.", schema: healthView },
  };

  const live = route(
    "GET",
    "/healthz",
    { tag, summary: "Does the dispatcher make progress?", open: true, answers: healthAnswers },
    ({ nowMs }) => {
      if (!source.worker) return healthy;
      const lastMs = Math.max(engine.progress().lastProgressMs, source.startedAtMs);
      const silentMs = nowMs - lastMs;
      return silentMs <= stalledAfterMs
        ? healthy
        : failing(`the dispatcher made no progress for ${Math.round(silentMs / 1_000)} s`);
    },
  );

  const ready = route(
    "GET",
    "/readyz",
    {
      tag,
      summary: "Can this process accept events? Tries what accepting needs.",
      open: true,
      answers: healthAnswers,
    },
    async () => {
      if (source.stopping()) return failing("the process is stopping");
      const reason = await engine.checkReady();
      if (reason !== null) return failing(reason);
      const degraded = conditionViews(engine.conditions());
      // Still ready: it accepts events, and a process taken out of service would mend nothing.
      return degraded.length === 0 ? healthy : { status: 200, json: { status: "ok", degraded } };
    },
  );

  const metrics = route(
    "GET",
    "/metrics",
    {
      tag,
      summary: "Metrics as Prometheus text.",
      open: true,
      answers: { 200: { meaning: "The metrics.", schema: null, contentType: "text/plain" } },
    },
    async () => ({
      status: 200,
      text: await source.metricsText(),
      headers: { "content-type": source.metricsContentType },
    }),
  );

  const description = route(
    "GET",
    "/openapi.json",
    {
      tag,
      summary: "This API as an OpenAPI 3.1 document.",
      open: true,
      answers: { 200: { meaning: "The document.", schema: null } },
    },
    () => ({ status: 200, json: source.openApi() }),
  );

  return [live, ready, metrics, description];
}
