/**
 * What `--compare` needs to know of a sender of webhooks. An adapter is a file whose default export is a `SenderAdapter`;
 * `adapters/postrider.ts` is a worked example.
 */
export interface SenderAdapter {
  /** For the table. */
  readonly name: string;
  /** Events that `publish` is given at once at most. Default 1. */
  readonly largestBatch?: number;
  /** Calls of `publish` under way at once, where the most is published that the system takes. Default 64. */
  readonly parallelCalls?: number;
  /** Before anything else: start or find the system, and see that it may call `sink`. */
  setup?(sink: SinkAddress): Promise<void>;
  /** Makes the system deliver what is published for `receiver` to `url`, by POST, and wait up to 10 s for an answer. */
  registerEndpoint(receiver: string, url: string): Promise<void>;
  /** Publishes; resolves when the system has acknowledged all of them. */
  publish(events: readonly PublishedEvent[]): Promise<void>;
  /** After everything, also where it failed. */
  teardown?(): Promise<void>;
}

/** Where the sink listens. It answers `200` at once, but at paths that begin with `/hang` never. */
export interface SinkAddress {
  readonly host: string;
  readonly port: number;
}

export interface PublishedEvent {
  /** Given to no other event of the run. */
  readonly id: string;
  readonly type: string;
  readonly receiver: string;
  /** A JSON object as text, some 800 bytes. It must arrive with its member `sent_at` still readable as a number. */
  readonly dataText: string;
}
