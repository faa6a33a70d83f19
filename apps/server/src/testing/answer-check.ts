import { errorView } from "@postrider/contract";
import { z } from "zod";
import { readSettings } from "../config.ts";
import { createAcceptBatcher } from "../http/accept-batcher.ts";
import type { Route } from "../http/route.ts";
import { apiRoutes } from "../http/routes/index.ts";
import { createMetrics } from "../metrics.ts";
import { createFakeEngine } from "./fake-engine.ts";

let declared: readonly Route[] | undefined;

/** Every route of the API, over an engine that does nothing. */
export function declaredRoutes(): readonly Route[] {
  if (declared !== undefined) return declared;
  const engine = createFakeEngine();
  declared = apiRoutes({
    engine,
    batcher: createAcceptBatcher(engine.events, { ring() {}, committed() {} }, () => 0),
    metrics: createMetrics("1.0.0", () => 0),
    settings: readSettings({}),
    version: "1.0.0",
    startedAtMs: 0,
    stopping: () => false,
  });
  return declared;
}

/**
 * Checks a JSON answer by the strict schema that its route declares for the status: a key that is missing, and one that no
 * schema knows, are faults.
 *
 * @throws Error that names the call and the key
 */
export function checkAnswer(method: string, target: string, status: number, json: unknown): void {
  const path = target.replace(/[?#].*$/, "");
  const asked = method === "HEAD" ? "GET" : method;
  const matches = declaredRoutes().find((one) => one.method === asked && formOf(one.path).test(path));
  const answer = matches?.answers[status];
  if (answer === undefined && status < 400)
    throw new Error(`${method} ${path} answered ${status}, which its route does not declare`);
  if (answer?.schema === null) return;
  const checked = z.safeParse(answer?.schema ?? errorView, json);
  if (!checked.success)
    throw new Error(
      `${method} ${path} answered ${status} otherwise than it declares:\n${z.prettifyError(checked.error)}`,
    );
}

const formOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", String.raw`\.`).replaceAll(/\{[^}]+\}/g, "[^/]+")}$`);
