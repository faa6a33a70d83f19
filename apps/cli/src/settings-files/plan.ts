/**
 * What `apply` would change, as data: worked out from the files and from what the server has, without a call.
 *
 * @packageDocumentation
 */
import type { EndpointDocument, PartnerDocument } from "@postrider/contract";
import { chosenOfEndpoint, chosenOfPartner, hasKeys, type PartnerSettings, same } from "./settings.ts";

/** One key, with its old and its new value; undefined where there is none. */
export interface KeyChange {
  /** From the outermost object: `retry.jitter`. */
  readonly key: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

interface Place {
  readonly partner: string;
}

/** One call to make. `before` is null for what is new; `to` is null for what is deleted. */
export type Change = Place & { readonly keys: readonly KeyChange[] } & (
    | {
        readonly endpoint: null;
        readonly before: PartnerDocument | null;
        readonly to: PartnerDocument | null;
      }
    | {
        readonly endpoint: string;
        readonly before: EndpointDocument | null;
        readonly to: EndpointDocument | null;
      }
  );

/** An endpoint that the file of its partner does not have. */
export interface Unnamed {
  readonly partner: string;
  readonly endpoint: string;
}

export interface Plan {
  /** In the order in which they may be made: a partner before its endpoints, and deleted after them. */
  readonly changes: readonly Change[];
  /** Partners and endpoints that are as the files say. */
  readonly unchanged: number;
  /** They stay only because nothing is deleted without being asked for. */
  readonly unnamed: readonly Unnamed[];
}

/** What may be deleted. */
export interface Prune {
  /** Endpoints that are not in the file of their partner. */
  readonly endpoints: boolean;
  /** Partners that are in no file. */
  readonly partners: boolean;
}

/**
 * The plan.
 *
 * @param found what the server has: at least the partners that are wanted, and all if partners are pruned
 */
export function planOf(
  wanted: readonly PartnerSettings[],
  found: ReadonlyMap<string, PartnerSettings>,
  prune: Prune,
): Plan {
  const changes: Change[] = [];
  const unnamed: Unnamed[] = [];
  let unchanged = 0;
  const add = (change: Change) => {
    if (change.keys.length > 0) changes.push(change);
    else unchanged += 1;
  };
  for (const partner of wanted) {
    const before = found.get(partner.id);
    add(partnerChange(partner, before));
    for (const [id, document] of partner.endpoints)
      add(endpointChange(partner.id, id, document, before?.endpoints.get(id)));
    for (const [id, document] of before?.endpoints ?? []) {
      if (partner.endpoints.has(id)) continue;
      if (prune.endpoints)
        changes.push({ partner: partner.id, endpoint: id, before: document, to: null, keys: [] });
      else unnamed.push({ partner: partner.id, endpoint: id });
    }
  }
  const named = new Set(wanted.map(({ id }) => id));
  for (const { id, document } of prune.partners ? found.values() : [])
    if (!named.has(id)) changes.push({ partner: id, endpoint: null, before: document, to: null, keys: [] });
  return { changes, unchanged, unnamed };
}

function partnerChange({ id, document }: PartnerSettings, found: PartnerSettings | undefined): Change {
  const before = found?.document ?? null;
  const keys = before === null ? given(chosenOfPartner(document)) : differences(before, document);
  return { partner: id, endpoint: null, before, to: document, keys };
}

function endpointChange(
  partner: string,
  endpoint: string,
  to: EndpointDocument,
  before: EndpointDocument | null = null,
): Change {
  const keys = before === null ? given(chosenOfEndpoint(to)) : differences(before, to);
  return { partner, endpoint, before, to, keys };
}

const given = (document: object): readonly KeyChange[] =>
  Object.entries(document).map(([key, to]) => ({ key, to }));

/** Key by key, also within objects; lists are one value. */
export function differences(from: object, to: object): readonly KeyChange[] {
  const found = within(from, to, "");
  const [before, after] = [from, to].map((document) => (document as { body?: unknown }).body);
  const inBody = found.some(({ key }) => key === "body" || key.startsWith("body."));
  // The body's keys are sent in their order, so another order is a change.
  if (!inBody && JSON.stringify(before) !== JSON.stringify(after))
    return [...found, { key: "body", from: before, to: after }];
  return found;
}

function within(from: object, to: object, prefix: string): readonly KeyChange[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name): readonly KeyChange[] => {
    const [one, other] = [own(from, name), own(to, name)];
    const key = prefix + name;
    if (hasKeys(one) && hasKeys(other)) return within(one, other, `${key}.`);
    if (same(one, other)) return [];
    return [
      { key, ...(one === undefined ? {} : { from: one }), ...(other === undefined ? {} : { to: other }) },
    ];
  });
}

const own = (document: object, name: string): unknown =>
  Object.hasOwn(document, name) ? (document as Record<string, unknown>)[name] : undefined;
