import type { EndpointInput } from "@postrider/client";
import { isDeepStrictEqual } from "node:util";
import type { ReceivedRequest } from "@postrider/sandbox";
import type { DemoEvent } from "./catalogue.ts";

/** One partner of the story. */
export interface Member {
  readonly id: string;
  /** What it does, for the reader. */
  readonly manner: string;
  /** Its script at the sandbox. */
  readonly behaviours: string;
  /** Whether it takes an event; says the same as `events` of its endpoint, in another way. */
  readonly takes: (event: DemoEvent) => boolean;
  /** Its endpoint's document; `url` is where it listens. */
  readonly endpoint: (url: string) => EndpointInput;
  /** Whether what arrived is what the application sent. */
  readonly isContentOf: (request: ReceivedRequest, event: DemoEvent) => boolean;
}

const everything = () => true;
const conversions = ({ type }: DemoEvent) => type.startsWith("conversion.");
const approved = ({ type }: DemoEvent) => type === "conversion.approved";

/** The partners, from the best to the worst. */
export const cast: readonly Member[] = [
  {
    id: "steady",
    manner: "answers 200",
    behaviours: "ok",
    takes: everything,
    endpoint: (url) => ({ url }),
    isContentOf: isEnvelopeOf,
  },
  {
    id: "tracker",
    manner: "takes conversions as GET with macros",
    behaviours: "ok:204",
    takes: conversions,
    endpoint: (url) => ({
      method: "GET",
      url: `${url}/pb?cid={data.click_id!}&p={data.payout|default:"0"}&cur={data.currency?}&sub={data.sub1?}&e={event_id!}`,
      events: ["conversion.*"],
    }),
    isContentOf: isTrackerCallOf,
  },
  {
    id: "form",
    manner: "takes approved conversions as a form",
    behaviours: "ok",
    takes: approved,
    endpoint: (url) => ({ url, body: "form", events: ["conversion.approved"] }),
    isContentOf: isFormOf,
  },
  {
    id: "limited",
    manner: "takes 60 a second, else 429 and Retry-After",
    behaviours: "limit:60/s",
    takes: conversions,
    endpoint: (url) => ({ url, events: ["conversion.*"], retry: { schedule: Array(10).fill("200ms") } }),
    isContentOf: isEnvelopeOf,
  },
  {
    id: "flaky",
    manner: "fails twice for each delivery, then accepts",
    behaviours: "each:500x2,ok",
    takes: everything,
    // Two of three fail by design; a circuit breaker would rightly leave it alone for a while.
    endpoint: (url) => ({ url, retry: { schedule: ["50ms", "150ms", "500ms"] }, breaker: null }),
    isContentOf: isEnvelopeOf,
  },
  {
    id: "dead",
    manner: "answers 500 until it is repaired",
    behaviours: "500",
    takes: everything,
    // Behind an open circuit nothing would die, and there would be no dead letters to show.
    endpoint: (url) => ({ url, retry: { schedule: ["50ms", "100ms"] }, breaker: null }),
    isContentOf: isEnvelopeOf,
  },
];

function isEnvelopeOf({ body = "" }: ReceivedRequest, { event_id: id, type, data }: DemoEvent): boolean {
  const envelope = JSON.parse(body) as { id: string; type: string; data: unknown };
  return envelope.id === id && envelope.type === type && isDeepStrictEqual(envelope.data, data);
}

/** RFC 3986, written here anew so that it does not judge itself. */
const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function isTrackerCallOf({ url, method }: ReceivedRequest, { event_id: id, data }: DemoEvent): boolean {
  const {
    click_id: click,
    payout = "0",
    currency,
    sub1,
  } = data as Readonly<Record<string, string | undefined>>;
  const parameters = Object.entries({ cid: click, p: payout, cur: currency, sub: sub1, e: id });
  const query = parameters.flatMap(([name, value]) => (value ? `${name}=${percentEncoded(value)}` : []));
  return method === "GET" && url === `/p/tracker/pb?${query.join("&")}`;
}

function isFormOf({ body = "" }: ReceivedRequest, { event_id: id, data }: DemoEvent): boolean {
  const form = new URLSearchParams(body);
  const texts = Object.entries(data).filter(([, value]) => typeof value === "string");
  return form.get("id") === id && texts.every(([name, value]) => form.get(`data[${name}]`) === value);
}
