/** Every way the sandbox refuses: stable codes, switch on these. */
export type SandboxErrorCode =
  | "behaviour_invalid"
  | "partner_name_invalid"
  | "secret_invalid"
  | "request_invalid"
  | "request_refused"
  | "host_refused"
  | "target_refused"
  | "not_found"
  | "method_not_allowed"
  | "port_unavailable"
  | "wait_timed_out"
  | "sandbox_closed";

/** The only error the sandbox throws on purpose; the message says what to do instead. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  /** Stable: switch on this, not on the message. */
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
