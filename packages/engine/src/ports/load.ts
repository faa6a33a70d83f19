import { performance } from "node:perf_hooks";

/** How busy this process is, for decisions that leave room for others. */
export interface Load {
  /** The share of the last short while in which the event loop worked: 0 idle, 1 without a pause. */
  busy(): number;
}

const windowMs = 50;

/** The load of a running process, by Node's event loop utilization over windows of at least 50 ms. */
export function createSystemLoad(): Load {
  let since = performance.eventLoopUtilization();
  let measuredAtMs = performance.now();
  let busy = 0;
  return {
    busy() {
      if (performance.now() - measuredAtMs >= windowMs) {
        busy = performance.eventLoopUtilization(since).utilization;
        since = performance.eventLoopUtilization();
        measuredAtMs = performance.now();
      }
      return busy;
    },
  };
}
