import { PostriderError } from "../../core/errors.ts";

const nothing = /^Nothing was \w+[:.] /;

/**
 * The fault of an operation of which some steps were committed: it must not say that nothing was changed.
 *
 * @example throw afterSteps(error, 5_000, "cancelled") // hint: "5000 deliveries were cancelled before that, and stay so. …"
 */
export function afterSteps(error: unknown, done: number, what: "cancelled" | "made due"): unknown {
  if (!(error instanceof PostriderError) || done === 0) return error;
  const rest = (error.hint ?? "").replace(nothing, "");
  return new PostriderError(error.code, error.message, {
    hint: `${done} deliveries were ${what} before that, and stay so. ${rest.charAt(0).toUpperCase()}${rest.slice(1)}`.trimEnd(),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    cause: error,
  });
}
