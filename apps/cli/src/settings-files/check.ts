/**
 * From the texts of files to settings, or to all that is wrong with them.
 *
 * @packageDocumentation
 */
import {
  completeEndpoint,
  type EndpointDocument,
  endpointDocument,
  endpointId,
  partnerDocument,
  partnerId,
  pathText,
  withExactNumbers,
  wrongPlaces,
} from "@postrider/contract";
import { compileTemplate, hiddenValue } from "@postrider/engine";
import { parseExactJson } from "@postrider/contract/exact-json";
import type { Issue } from "../exit.ts";
import { hasKeys, type PartnerSettings } from "./settings.ts";

/** A file as it was read. */
export interface SettingsFile {
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
}

export interface CheckedFiles {
  readonly partners: readonly PartnerSettings[];
  /** Each with the file and the key, or the line, in its path. */
  readonly issues: readonly Issue[];
  /** The file of each partner. */
  readonly fileOf: ReadonlyMap<string, string>;
}

type Path = readonly PropertyKey[];

/**
 * Checks files by the rules of the API, as far as they need no server. A file has one partner, or `partners` with a list.
 *
 * @example checkFiles([{ name: "acme.json", text: '{"id":"acme","name":"Acme"}' }]).issues // []
 */
export function checkFiles(files: readonly SettingsFile[]): CheckedFiles {
  const partners: PartnerSettings[] = [];
  const issues: Issue[] = [];
  const fileOf = new Map<string, string>();
  for (const file of files) {
    const fault = (path: Path, message: string) => {
      issues.push({ path: path.length === 0 ? file.name : `${file.name}, ${pathText(path)}`, message });
    };
    const parsed = parse(file, issues);
    if (parsed === null) continue;
    for (const { value, exact, path } of entriesOf(parsed, fault)) {
      const partner = readPartner(value, exact, path, fault);
      if (partner === null) continue;
      const other = fileOf.get(partner.id);
      if (other !== undefined) fault([...path, "id"], `is ${partner.id}, which ${other} has too`);
      fileOf.set(partner.id, file.name);
      partners.push(partner);
    }
  }
  return { partners, issues, fileOf };
}

/** The value as numbers are calculated with, and the same with the digits of its numbers. */
interface Parsed {
  readonly value: unknown;
  readonly exact: unknown;
}

function parse({ name, text }: SettingsFile, issues: Issue[]): Parsed | null {
  try {
    return { value: JSON.parse(text), exact: parseExactJson(text) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const message = error instanceof RangeError ? "is nested too deep" : `is not JSON: ${detail}`;
    const line = /\(line (\d+)/.exec(detail)?.[1];
    issues.push({ path: line === undefined ? name : `${name}, line ${line}`, message });
    return null;
  }
}

type Fault = (path: Path, message: string) => void;

function entriesOf({ value, exact }: Parsed, fault: Fault): readonly (Parsed & { path: Path })[] {
  if (!hasKeys(value) || !Object.hasOwn(value, "partners")) return [{ value, exact, path: [] }];
  for (const key of Object.keys(value)) if (key !== "partners") fault([key], "is not known beside partners");
  const { partners } = value;
  if (!Array.isArray(partners)) {
    fault(["partners"], "must be a list of partners");
    return [];
  }
  const texts = (exact as { partners: readonly unknown[] }).partners;
  return partners.map((one: unknown, index) => ({
    value: one,
    exact: texts[index],
    path: ["partners", index],
  }));
}

/** The keys that a partner has in a file; the endpoints are checked one by one. */
const partnerInFile = partnerDocument.extend({ id: partnerId, endpoints: endpointDocument.optional() });

/** Null if anything is wrong; `fault` was told. */
function readPartner(value: unknown, exact: unknown, path: Path, fault: Fault): PartnerSettings | null {
  if (!hasKeys(value)) {
    fault(path, "must be an object with the id of a partner and its keys");
    return null;
  }
  let good = true;
  const bad: Fault = (within, message) => {
    good = false;
    fault([...path, ...within], message);
  };
  const { id, endpoints = {}, ...document } = value;
  for (const { message } of partnerId.safeParse(id).error?.issues ?? []) bad(["id"], message);
  const partner = partnerDocument.safeParse(document);
  if (!partner.success)
    for (const { path, message } of wrongPlaces(partner.error, partnerInFile).listed) bad(path, message);
  const read = new Map<string, EndpointDocument>();
  if (!hasKeys(endpoints)) bad(["endpoints"], "must be an object with an endpoint under each id");
  else {
    const texts = (exact as { endpoints?: Readonly<Record<string, object>> }).endpoints;
    for (const [name, endpoint] of Object.entries(endpoints)) {
      const at = ["endpoints", name];
      for (const { message } of endpointId.safeParse(name).error?.issues ?? [])
        bad(at, `has an id that ${message}`);
      const constants = partner.success ? new Map(Object.entries(partner.data.constants)) : null;
      const checked = readEndpoint(endpoint, texts?.[name] ?? {}, constants, (within, message) =>
        bad([...at, ...within], message),
      );
      if (checked !== null) read.set(name, checked);
    }
  }
  return good && partner.success ? { id: id as string, document: partner.data, endpoints: read } : null;
}

/** @param constants of its partner; null: any may be used, since the partner itself is wrong */
function readEndpoint(
  value: unknown,
  exact: object,
  constants: ReadonlyMap<string, string> | null,
  bad: Fault,
) {
  const parsed = endpointDocument.safeParse(value);
  if (!parsed.success) {
    for (const { path, message } of wrongPlaces(parsed.error, endpointDocument).listed) bad(path, message);
    return null;
  }
  const document = withExactNumbers(completeEndpoint(parsed.data), exact);
  const compiled = compileTemplate(withSamples(document), constants === null ? {} : { constants });
  if (compiled.ok) return document;
  for (const { field, position, message } of compiled.issues)
    bad([field], position ? `${message} (character ${position})` : message);
  return null;
}

/** The mark of a hidden value is not a value that can be sent: for the check, a text that can stands in its place. */
function withSamples(document: EndpointDocument): EndpointDocument {
  const headers = Object.entries(document.headers).map(([name, value]) => [
    name,
    value === hiddenValue ? "hidden" : value,
  ]);
  return {
    ...document,
    url: document.url.replaceAll(hiddenValue, "hidden"),
    headers: Object.fromEntries(headers),
  };
}
