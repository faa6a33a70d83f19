import { firstItem, itemOf } from "./core/fan-out.ts";
import type { EndpointDocument } from "./core/documents.ts";
import type { EventFacts } from "./core/sample-event.ts";
import { findEmptyMacros, type Template } from "./core/template/index.ts";
import { parseListPath } from "./dispatch/partner.ts";
import type { Operations } from "./ports/operations.ts";

/** What is most likely wrong with a document, or with the event. */
export interface PreviewWarning {
  readonly code: string;
  readonly macro: string | null;
  readonly message: string;
}

const emptyWords = {
  not_sent: "the delivery would end dead (missing_macro)",
  left_out: "its place is left out",
  default: "its default is sent",
  empty: "its place is empty",
} as const;

/** What a preview is made of. */
interface Previewed {
  readonly partner: string;
  readonly endpoint: string;
  readonly document: EndpointDocument;
  /** Null if the document does not compile. */
  readonly template: Template | null;
  readonly event: EventFacts;
  readonly nowMs: number;
}

/**
 * What is most likely wrong with a document, and with this event for it: macros that no recent event filled, macros that
 * this one does not fill, lints, keys that are missing. Of an endpoint with `fan_out` the first item stands for all, and
 * a warning says so.
 */
export async function findPreviewWarnings(
  operations: Pick<Operations, "documentWarnings" | "listKeys">,
  of: Previewed,
  signal: AbortSignal | undefined,
): Promise<readonly PreviewWarning[]> {
  const found = (await operations.documentWarnings(of, signal)).map(
    ({ code, macro, message }): PreviewWarning => ({ code, macro, message }),
  );
  const told = new Set(found.map(({ macro }) => macro));
  const ofEvent = eventWarnings(of).filter(({ macro }) => macro === null || !told.has(macro));
  return [...found, ...ofEvent, ...(await missingKeys(operations, of, signal))];
}

function eventWarnings({ document, template, event }: Previewed): readonly PreviewWarning[] {
  if (template === null) return [];
  const path = parseListPath(document.fan_out);
  const first = firstItem(path, event.dataText);
  const item = first && itemOf(path, { item: first, dataText: event.dataText });
  const macros = findEmptyMacros(template, event.dataText, item?.ok ? item.text : null);
  const empty = macros.map(({ macro, effect }): PreviewWarning => {
    const message = `The event ${event.eventId} has no value for {${macro}}: ${emptyWords[effect]}.`;
    return { code: "empty_value", macro, message };
  });
  if (first === null || first.of === 1) return empty;
  const message = `${path?.text} has ${first.of} items, and each is a request of its own: this is the first.`;
  return [...empty, { code: "first_item", macro: null, message }];
}

async function missingKeys(
  operations: Pick<Operations, "listKeys">,
  {
    partner,
    document,
    nowMs,
  }: { readonly partner: string; readonly document: EndpointDocument; readonly nowMs: number },
  signal: AbortSignal | undefined,
): Promise<readonly PreviewWarning[]> {
  if (document.signing.length === 0) return [];
  const keys = await operations.listKeys(partner, nowMs, signal);
  const live = new Set(
    keys
      .filter(({ retires_at }) => retires_at === null || Date.parse(retires_at) > nowMs)
      .map(({ scheme }) => scheme),
  );
  return document.signing
    .filter((scheme) => !live.has(scheme))
    .map((scheme) => ({
      code: "signing_key_missing",
      macro: null,
      message: `The partner ${partner} has no live ${scheme} key, so the document cannot be stored: make the key with rotate-secret, or take ${scheme} out of signing.`,
    }));
}
