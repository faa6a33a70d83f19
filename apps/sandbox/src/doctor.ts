import { diagnose, type Finding } from "@postrider/receiver";
import { keptBody, type KeptRequest, settle } from "./received-request.ts";
import { headerPairs } from "./verification.ts";

/**
 * Failed requests that the doctor looks at in one listing: trying everything that may have been done to a body takes
 * some 120 ms at 1 KB and 500 ms at 60 KB (measured), which a flood of wrong signatures must not add up.
 */
const explainedAtOnce = 10;

/** Asks the doctor about the newest failed requests that it has not seen yet, and keeps what it says. */
export async function explainNewest(requests: readonly KeptRequest[]): Promise<void> {
  let left = explainedAtOnce;
  for (const request of requests.toReversed()) {
    if (left === 0) return;
    const { verdict } = await settle(request);
    // Of a body that is not kept whole, the doctor would say that it was cut.
    if (verdict !== "failed" || request.bodyBytes > request.latin1Body.length) continue;
    left -= 1;
    request.findings ??= findingsOn(request);
    await request.findings;
  }
}

async function findingsOn(request: KeptRequest): Promise<readonly Finding[]> {
  const { rawHeaders, keys, atMs } = request;
  const { findings } = await diagnose(keptBody(request), headerPairs(rawHeaders), {
    secrets: keys,
    now: new Date(atMs),
  });
  return findings;
}
