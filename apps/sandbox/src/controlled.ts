import type { Partner } from "./partner.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { RequestFilter } from "./request-log.ts";
import type { PartnerSummary } from "./tally.ts";

/** What the control API can do: the sandbox itself, seen from its HTTP side. */
export interface Controlled {
  partner: (name: string) => Partner;
  knownPartner: (name: string) => Partner | undefined;
  partnerUrl: (name: string) => string;
  requests: (filter: RequestFilter) => Promise<ReceivedRequest[]>;
  summary: () => Promise<Record<string, PartnerSummary>>;
  lastSeq: () => number;
  /** Whether it may be called by this name, as a URL has it. */
  isAllowedHost: (hostname: string) => boolean;
  clear: () => void;
  url: () => string;
  /** Milliseconds since 1970. */
  now: () => number;
}
