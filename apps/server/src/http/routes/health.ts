import type { Engine } from "@postrider/engine";
import { type Answer, type Route, route } from "../route.ts";
import { healthView } from "../views.ts";

/** The dispatcher sweeps every few seconds even when idle: half a minute without progress is a hang. */
const stalledAfterMs = 30_000;
/** How long an answer of the ledger counts, so that eager probes cost nothing. */
const pingKeptMs = 1_000;

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

  const ping = cachedPing(engine);
  const ready = route(
    "GET",
    "/readyz",
    { tag, summary: "Can this process take calls?", open: true, answers: healthAnswers },
    async ({ nowMs }) => {
      if (source.stopping()) return failing("the process is stopping");
      return (await ping(nowMs)) ? healthy : failing("the ledger cannot be reached");
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

/** Whether the ledger answers; concurrent probes share one ping. */
function cachedPing(engine: Engine): (nowMs: number) => Promise<boolean> {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let answer = Promise.resolve(false);
  return (nowMs) => {
    if (nowMs - askedAtMs >= pingKeptMs) {
      askedAtMs = nowMs;
      answer = engine.operations.ping().then(
        () => true,
        () => false,
      );
    }
    return answer;
  };
}
