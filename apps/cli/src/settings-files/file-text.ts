import { chosenOfEndpoint, chosenOfPartner, type PartnerSettings } from "./settings.ts";

/**
 * A partner as its file has it: the id, the keys that do not have their default, and the endpoints by id.
 *
 * @example partnerEntry(acme) // { id: "acme", name: "Acme", endpoints: { main: { url: "https://…" } } }
 */
export function partnerEntry({ id, document, endpoints }: PartnerSettings): object {
  const ids = [...endpoints.keys()].toSorted((one, other) => (one < other ? -1 : 1));
  return {
    id,
    ...chosenOfPartner(document),
    endpoints: Object.fromEntries(ids.map((name) => [name, chosenOfEndpoint(endpoints.get(name)!)])),
  };
}

/** The text of a partner's file. */
export function partnerFileText(partner: PartnerSettings): string {
  return `${JSON.stringify(partnerEntry(partner), null, 2)}\n`;
}

/** The text of one file with many partners. */
export function partnersFileText(partners: readonly PartnerSettings[]): string {
  return `${JSON.stringify({ partners: partners.map(partnerEntry) }, null, 2)}\n`;
}
