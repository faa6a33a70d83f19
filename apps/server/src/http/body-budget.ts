import { PostriderError } from "@postrider/engine";

/** The memory that the request bodies of a process may hold, over all connections. */
export interface BodyBudget {
  /** Takes `bytes` more. @throws PostriderError `rate_limited` if that is more than is free */
  take(bytes: number): void;
  /** Gives them back, when the call is answered. */
  give(bytes: number): void;
}

/**
 * Bounds the bytes of all bodies that are being read or worked on. Only bytes that arrived count: a connection that
 * announces a large body and sends nothing takes nothing.
 */
export function createBodyBudget(maxBytes: number): BodyBudget {
  let held = 0;
  return {
    take(bytes) {
      if (held + bytes > maxBytes) {
        throw new PostriderError("rate_limited", "The bodies of current calls fill the memory for bodies.", {
          hint: "Send again after the seconds in Retry-After, over fewer connections; or raise POSTRIDER_MAX_BODIES_BYTES.",
        });
      }
      held += bytes;
    },
    give: (bytes) => void (held -= bytes),
  };
}
