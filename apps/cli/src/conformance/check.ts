import type { Secret } from "@postrider/protocol";
import type { Reply, Request } from "./exchange.ts";

/** What messages are made of. */
export interface Sample {
  readonly type: string;
  readonly schemaVersion: number;
  /** JSON text of an object. */
  readonly dataText: string;
}

/** `must`: without it, conversions are lost, counted twice, or forged. `should`: it works, and worse than it could. */
export type Severity = "must" | "should";

/** What one check found. */
export interface Judgement {
  readonly outcome: "pass" | "fail";
  /** Of a failure; default the check's own. */
  readonly severity?: Severity;
  /** What came back, in words. */
  readonly came: string;
  /** What the partner should change. */
  readonly fix?: string;
}

/** One thing asked of a partner's endpoint. */
export interface Check {
  /** Stable, in snake_case. */
  readonly id: string;
  readonly severity: Severity;
  readonly sent: string;
  readonly expected: string;
  /** Left out for methods without a body. */
  readonly needsBody?: boolean;
  run(probe: Probe): Promise<Judgement>;
}

/** How a message differs from an ordinary one. */
export interface MessageOptions {
  readonly id?: string;
  /** Seconds before now; negative for the future. */
  readonly ageSeconds?: number;
  /** In place of an event of the sample. */
  readonly body?: Uint8Array | string;
  readonly event?: {
    readonly occurredAgoSeconds?: number;
    readonly schemaVersion?: number;
    readonly dataText?: string;
  };
  readonly secrets?: readonly Secret[];
}

/** What checks send with. */
export interface Probe {
  /** A signed request with an id of its own. */
  message(options?: MessageOptions): Promise<Request>;
  send(request: Request): Promise<Reply>;
  newId(): string;
  readonly secrets: readonly Secret[];
  /** A secret that the partner cannot know. */
  readonly strangerSecret: Secret;
  readonly sample: Sample;
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** The request with a header replaced, or left out for null. */
export function withHeader(request: Request, name: string, value: string | null): Request {
  const others = request.headers.filter(([other]) => other !== name);
  return { ...request, headers: value === null ? others : [...others, [name, value]] };
}

/** The value of a header of the request. */
export function headerOf(request: Request, name: string): string {
  return request.headers.find(([other]) => other === name)?.[1] ?? "";
}
