// Start
export { type Sandbox, type SandboxOptions, type SandboxPartner, startSandbox } from "./sandbox.ts";

// Scripts
export type { Answer, Behaviour, BehaviourKind, Reach, ScriptSource, Step } from "./behaviour.ts";
export { parseBehaviours } from "./parse-behaviours.ts";

// What was received
export { keptBodyBytes, type ReceivedRequest } from "./received-request.ts";
export type { RequestFilter } from "./request-log.ts";
export type { PartnerSummary } from "./tally.ts";
export type { Verdict, Verification } from "./verification.ts";

// Control API
export type { PartnerDocument } from "./control.ts";

// Errors
export { SandboxError, type SandboxErrorCode } from "./errors.ts";
