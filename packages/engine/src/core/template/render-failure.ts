/**
 * Why a template could not be rendered for an event. Nothing is sent, and trying again with the same event and
 * template gives the same answer.
 */
export const renderFailureReasons = [
  "missing_macro",
  "unresolved_macro",
  "host_changed",
  "path_changed",
  "url_too_long",
  "invalid_header",
  "invalid_value",
  "delimiter_in_value",
  "too_many_items",
  "body_too_large",
  "personal_data",
] as const;

export type RenderFailureReason = (typeof renderFailureReasons)[number];

export interface RenderFailure {
  readonly ok: false;
  readonly reason: RenderFailureReason;
  /** The path of the macro at fault, when it is one macro. */
  readonly macro?: string;
  readonly message: string;
}

/** A failure. The message names macros, never their values. */
export function failure(reason: RenderFailureReason, message: string, macro?: string): RenderFailure {
  return macro === undefined ? { ok: false, reason, message } : { ok: false, reason, macro, message };
}
