import { verify } from "../src/index.ts";
import { verifyWith } from "../src/verify.ts";
import { runKit } from "./kit-suite.ts";
import { runVectors, type SuiteResult } from "./vector-suite.ts";

/** What a runtime made of the suite. */
export interface SuiteReport {
  agent: string | undefined;
  verify: SuiteResult[];
  webCrypto: SuiteResult[];
  kit: SuiteResult[];
}

/** Runs all suites, for runtimes without a test runner. */
export async function runSuites(): Promise<SuiteReport> {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return {
    agent: navigator?.userAgent,
    verify: await runVectors(verify),
    webCrypto: await runVectors(verifyWith(undefined)),
    kit: await runKit(),
  };
}

/** The suite as a worker: for workerd, and whatever serves a module with `fetch`. */
export default {
  fetch: async (): Promise<Response> => Response.json(await runSuites()),
};
