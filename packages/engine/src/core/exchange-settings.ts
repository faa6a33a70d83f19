import type { EndpointDocument } from "@postrider/contract";
import { parseDurationMs } from "./duration.ts";

/** What an endpoint says of each exchange with it, beside what is sent: it goes unchanged from its document to the transport. */
export interface ExchangeSettings {
  /** One deadline over name look-up, connect, TLS, headers and body. Milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Reads them from a document.
 *
 * @throws PostriderError `invalid_duration`
 * @example readExchangeSettings(document).timeoutMs // 10000
 */
export function readExchangeSettings({ timeout }: Pick<EndpointDocument, "timeout">): ExchangeSettings {
  return { timeoutMs: parseDurationMs(timeout) };
}
