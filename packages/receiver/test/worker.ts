import { verify } from "../src/index.ts";
import { verifyWith } from "../src/verify.ts";
import { runVectors } from "./vector-suite.ts";

/** The vector suite as a worker: for workerd, and whatever serves a module with `fetch`. */
export default {
  async fetch(): Promise<Response> {
    const results = { verify: await runVectors(verify), webCrypto: await runVectors(verifyWith(undefined)) };
    const agent = (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent;
    return Response.json({ agent, ...results });
  },
};
