import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import type { ResolvedAddress } from "./name-source.ts";

/** What `resolv.conf(5)` says about names; c-ares itself reads which servers to ask. */
export interface ResolvConf {
  /** Whether it names a server at all. */
  readonly hasServers: boolean;
  /** Domains that are tried behind a name, in order. */
  readonly search: readonly string[];
  /** A name with at least so many dots is asked for as it is before the search domains are tried. */
  readonly ndots: number;
}

const mostSearchDomains = 16;
const mostNdots = 15;
const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== "");

/**
 * Reads `hosts(5)`: the addresses of each name, which is in lower case.
 *
 * @example parseHosts("10.0.0.7 crm crm.internal").get("crm") // [{ address: "10.0.0.7", family: 4 }]
 */
export function parseHosts(text: string): ReadonlyMap<string, readonly ResolvedAddress[]> {
  const hosts = new Map<string, ResolvedAddress[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = words(line.replace(/#.*/, ""));
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, "");
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, [{ address, family }]);
      else known.push({ address, family });
    }
  }
  return hosts;
}

/**
 * Reads `resolv.conf(5)`.
 *
 * @param hostname this machine's: its domain is searched if the file names none
 * @example parseResolvConf("nameserver 10.0.0.2\nsearch a.internal\noptions ndots:5", "h").ndots // 5
 */
export function parseResolvConf(text: string, hostname: string): ResolvConf {
  let hasServers = false;
  let search = hostname.includes(".") ? [hostname.slice(hostname.indexOf(".") + 1)] : [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = words(line.replace(/[#;].*/, ""));
    if (keyword === "nameserver" && isIP(values[0] ?? "") > 0) hasServers = true;
    if (keyword === "domain") search = values.slice(0, 1);
    if (keyword === "search") search = values.slice(0, mostSearchDomains);
    if (keyword !== "options") continue;
    for (const value of values) {
      const dots = /^ndots:(\d{1,3})$/.exec(value)?.[1];
      if (dots !== undefined) ndots = Math.min(Number(dots), mostNdots);
    }
  }
  return {
    hasServers,
    search: search.map((domain) => domain.replace(/^\.|\.$/g, "")).filter(Boolean),
    ndots,
  };
}

/**
 * The names to ask for, in order, as `resolver(5)` has it: a name that ends with a dot is whole.
 *
 * @example candidatesFor("crm", { hasServers: true, search: ["a.internal"], ndots: 1 }) // ["crm.a.internal", "crm"]
 */
export function candidatesFor(hostname: string, { search, ndots }: ResolvConf): readonly string[] {
  if (hostname.endsWith(".")) return [hostname];
  const searched = search.map((domain) => `${hostname}.${domain}`);
  const dots = hostname.split(".").length - 1;
  return dots >= ndots ? [hostname, ...searched] : [...searched, hostname];
}

/**
 * A file's parsed text, read again when the file has changed (its inode, size or time of change); null if it
 * cannot be read. Asked for each look-up: a `stat` of 5 µs.
 */
export function createReread<Parsed>(path: string, parse: (text: string) => Parsed): () => Parsed | null {
  let seen = "";
  let parsed: Parsed | null = null;
  return () => {
    const now = signatureOf(path);
    if (now === seen) return parsed;
    try {
      parsed = now === "" ? null : parse(readFileSync(path, "utf8"));
      seen = now;
    } catch {
      parsed = null; // It went between the two: looked at again next time.
    }
    return parsed;
  };
}

function signatureOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
}
