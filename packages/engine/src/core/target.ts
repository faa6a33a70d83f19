import ipaddr from "ipaddr.js";
import { PostriderError } from "./errors.ts";

/** A block of addresses that no postback may reach, its name in messages, and where that is written. */
export interface AddressBlock {
  readonly cidr: string;
  readonly name: string;
  readonly source: string;
}

/**
 * The IANA IPv4 special-purpose registry (RFC 6890 and its updates), whole: also the rows IANA calls globally
 * reachable (AS112, AMT, the anycast addresses in 192.0.0.0/24) are infrastructure and nobody's webhook.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export const refusedIPv4Blocks: readonly AddressBlock[] = [
  { cidr: "0.0.0.0/8", name: "this network", source: "RFC 791" },
  { cidr: "10.0.0.0/8", name: "private", source: "RFC 1918" },
  { cidr: "100.64.0.0/10", name: "carrier-grade NAT", source: "RFC 6598" },
  { cidr: "127.0.0.0/8", name: "loopback", source: "RFC 1122" },
  { cidr: "168.63.129.16/32", name: "Azure platform", source: "Azure virtual network documentation" },
  { cidr: "169.254.0.0/16", name: "link-local", source: "RFC 3927" },
  { cidr: "172.16.0.0/12", name: "private", source: "RFC 1918" },
  { cidr: "192.0.0.0/24", name: "protocol assignments", source: "RFC 6890" },
  { cidr: "192.0.2.0/24", name: "documentation", source: "RFC 5737" },
  { cidr: "192.31.196.0/24", name: "AS112", source: "RFC 7535" },
  { cidr: "192.52.193.0/24", name: "multicast tunnelling", source: "RFC 7450" },
  { cidr: "192.88.99.0/24", name: "6to4 relay", source: "RFC 7526" },
  { cidr: "192.168.0.0/16", name: "private", source: "RFC 1918" },
  { cidr: "192.175.48.0/24", name: "AS112", source: "RFC 7534" },
  { cidr: "198.18.0.0/15", name: "benchmarking", source: "RFC 2544" },
  { cidr: "198.51.100.0/24", name: "documentation", source: "RFC 5737" },
  { cidr: "203.0.113.0/24", name: "documentation", source: "RFC 5737" },
  { cidr: "224.0.0.0/4", name: "multicast", source: "RFC 5771" },
  { cidr: "255.255.255.255/32", name: "broadcast", source: "RFC 8190" },
  { cidr: "240.0.0.0/4", name: "reserved", source: "RFC 1112" },
];

/**
 * The IANA IPv6 special-purpose registry and the deprecated blocks, for their names. What is in no row and
 * outside of 2000::/3 (the only global unicast space, RFC 4291) is refused as well, so a forgotten row cannot
 * open a hole there. 6to4, Teredo and the local NAT64 prefix carry IPv4 addresses; they are refused whole,
 * whatever they carry: the first two are dead, and RFC 8215 leaves open where in the third the address is.
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export const refusedIPv6Blocks: readonly AddressBlock[] = [
  { cidr: "::/128", name: "unspecified", source: "RFC 4291" },
  { cidr: "::1/128", name: "loopback", source: "RFC 4291" },
  { cidr: "::/96", name: "IPv4-compatible", source: "RFC 4291" },
  { cidr: "::ffff:0:0:0/96", name: "IPv4-translated", source: "RFC 2765" },
  { cidr: "64:ff9b:1::/48", name: "local NAT64", source: "RFC 8215" },
  { cidr: "100::/64", name: "discard", source: "RFC 6666" },
  { cidr: "100:0:0:1::/64", name: "dummy prefix", source: "RFC 9780" },
  { cidr: "2001::/32", name: "Teredo", source: "RFC 4380" },
  { cidr: "2001:2::/48", name: "benchmarking", source: "RFC 5180" },
  { cidr: "2001:10::/28", name: "ORCHID", source: "RFC 4843" },
  { cidr: "2001:20::/28", name: "ORCHIDv2", source: "RFC 7343" },
  { cidr: "2001::/23", name: "protocol assignments", source: "RFC 2928" },
  { cidr: "2001:db8::/32", name: "documentation", source: "RFC 3849" },
  { cidr: "2002::/16", name: "6to4", source: "RFC 3056" },
  { cidr: "2620:4f:8000::/48", name: "AS112", source: "RFC 7534" },
  { cidr: "3fff::/20", name: "documentation", source: "RFC 9637" },
  { cidr: "5f00::/16", name: "segment routing", source: "RFC 9602" },
  { cidr: "fc00::/7", name: "unique local", source: "RFC 4193" },
  { cidr: "fe80::/10", name: "link-local", source: "RFC 4291" },
  { cidr: "fec0::/10", name: "site-local", source: "RFC 3879" },
  { cidr: "ff00::/8", name: "multicast", source: "RFC 4291" },
];

const ranges = (blocks: readonly AddressBlock[]) =>
  blocks.map((block) => ({ block, range: ipaddr.parseCIDR(block.cidr) }));
const ranges4 = ranges(refusedIPv4Blocks);
const ranges6 = ranges(refusedIPv6Blocks);
const globalUnicast = ipaddr.parseCIDR("2000::/3");
/** IPv4 in the last 32 bits: mapped (RFC 4291) and the well-known NAT64 prefix (RFC 6052). The IPv4 rules decide. */
const carriersOfIPv4 = [ipaddr.parseCIDR("::ffff:0:0/96"), ipaddr.parseCIDR("64:ff9b::/96")];

/**
 * Why `address` may not be called, as words for a message, or null if it is public. Everything that is not
 * plainly one address is refused: names, zone ids, short or octal IPv4.
 *
 * @example addressRefusal("169.254.169.254") // "link-local, RFC 3927"
 */
export function addressRefusal(address: string): string | null {
  if (!address.includes(":") && ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return refusalIn(ranges4, ipaddr.IPv4.parse(address));
  }
  if (address.includes("%") || !ipaddr.IPv6.isValid(address)) return "not an address without a zone";
  const parsed = ipaddr.IPv6.parse(address);
  if (carriersOfIPv4.some((carrier) => parsed.match(carrier))) {
    return refusalIn(ranges4, new ipaddr.IPv4(parsed.toByteArray().slice(12)));
  }
  return (
    refusalIn(ranges6, parsed) ?? (parsed.match(globalUnicast) ? null : "outside of global unicast, RFC 4291")
  );
}

function refusalIn(table: typeof ranges4, address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  const found = table.find(({ range }) => address.match(range));
  return found ? `${found.block.name}, ${found.block.source}` : null;
}

/**
 * Whether `address` (IPv4 in four decimal parts, or IPv6 in any spelling) is a public unicast address: in no
 * block above. IPv4-mapped and NAT64 forms are judged by the IPv4 address in them.
 */
export const isPublicAddress = (address: string): boolean => addressRefusal(address) === null;

/** Targets that may be plain http and private, as normalised `host:port`. Made by {@link parseAllowedTargets}. */
export type AllowedTargets = ReadonlySet<string>;

const targetForm = /^([^\s/?#@\\]+):(\d{1,5})$/;

/**
 * Reads `POSTRIDER_ALLOW_TARGETS`: each entry one `host:port`, an IPv6 host in brackets. Hosts are normalised as
 * the URL standard does (case, punycode, IPv4 spellings).
 *
 * @throws PostriderError `invalid_settings`
 * @example parseAllowedTargets(["127.0.0.1:4500"]).has("127.0.0.1:4500") // true
 */
export function parseAllowedTargets(list: readonly string[]): AllowedTargets {
  return new Set(list.map(parseAllowedTarget));
}

function parseAllowedTarget(entry: string): string {
  const [, host = "", digits = ""] = targetForm.exec(entry.trim()) ?? [];
  const url = host === "" ? null : URL.parse(`http://${host}/`);
  const port = Number(digits);
  // A port within `host` ("a:1:2") would be taken for an unbracketed IPv6 address: refused with the rest.
  if (!url || url.port !== "" || (host.includes(":") && !host.startsWith("[")) || port < 1 || port > 65_535) {
    throw new PostriderError("invalid_settings", `"${entry}" is not an allowed target.`, {
      hint: "Write host:port with a port from 1 to 65535, e.g. 127.0.0.1:4500, crm.internal:8080 or [::1]:4500.",
    });
  }
  return `${url.hostname}:${port}`;
}

/** Whether the host and port of `url` are named by the allow list. Without a port: 443 for https, 80 for http. */
export function isAllowedTarget(url: URL, allowed: AllowedTargets): boolean {
  return allowed.size > 0 && allowed.has(targetName(url));
}

/** `host:port` as an allow list names it. @example targetName(new URL("https://a.example/x")) // "a.example:443" */
export function targetName(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
}

/**
 * Of these URLs the targets, each once, that are refused for one reason only: the list does not name them.
 *
 * @param refusedWhenDialled names of targets whose address turned out to be private
 * @example unlistedTargets(["http://crm.internal:8080"], new Set(), new Set()) // ["crm.internal:8080"]
 */
export function unlistedTargets(
  urls: readonly string[],
  allowed: AllowedTargets,
  refusedWhenDialled: ReadonlySet<string>,
): readonly string[] {
  const names = urls.flatMap((text) => {
    const url = URL.parse(text);
    if (!url) return [];
    const name = targetName(url);
    if (allowed.has(name) || !checkTargetUrl(url, new Set([name])).ok) return [];
    return refusedWhenDialled.has(name) || !checkTargetUrl(url, allowed).ok ? [name] : [];
  });
  return [...new Set(names)];
}

export type TargetCheck = { readonly ok: true } | { readonly ok: false; readonly message: string };
const ok: TargetCheck = { ok: true };
const refuse = (message: string): TargetCheck => ({ ok: false, message });

/**
 * Judges a target as far as its URL tells: https unless `allowed` names the host:port, no user info, no private
 * IP literal. `URL` has already turned the decimal, octal and hex spellings of IPv4 into one. A name passes: what
 * it resolves to is checked when the transport connects, every time. Messages hold the host, never path or query.
 */
export function checkTargetUrl(target: string | URL, allowed: AllowedTargets): TargetCheck {
  const url = typeof target === "string" ? URL.parse(target) : target;
  if (!url)
    return refuse("The URL cannot be parsed: write an absolute one, e.g. https://partner.example/postback.");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse(`The scheme ${url.protocol} cannot be called: use https.`);
  }
  if (url.username !== "" || url.password !== "") {
    return refuse("User info in the URL is not sent: put credentials into a header.");
  }
  if (isAllowedTarget(url, allowed)) return ok;
  if (url.protocol !== "https:") {
    return refuse(`Plain http to ${url.host}: use https, or name host:port in POSTRIDER_ALLOW_TARGETS.`);
  }
  return checkLiteral(url.hostname);
}

/** RFC 6761 section 6.3: these names are the machine itself, whatever a name server says. */
const localhostForm = /^(?:.*\.)?localhost\.?$/;

/**
 * Judges a target that an operator writes: as `checkTargetUrl` does, and it refuses names of this machine. A name that resolves
 * to a private address is refused when it is dialled; for `localhost` that is known before.
 *
 * @example checkNewTarget("https://localhost/", new Set()).ok // false
 */
export function checkNewTarget(target: string, allowed: AllowedTargets): TargetCheck {
  const verdict = checkTargetUrl(target, allowed);
  const url = URL.parse(target);
  if (!verdict.ok || !url || !localhostForm.test(url.hostname) || isAllowedTarget(url, allowed))
    return verdict;
  return refuse(
    `${url.hostname} is this machine itself (RFC 6761): name host:port in POSTRIDER_ALLOW_TARGETS to allow it.`,
  );
}

/** `URL` writes every IPv4 address in decimal and every IPv6 address in brackets. A regex: ipaddr.js tells by throwing, 25 µs. */
const literalForm = /^(?:[\d.]+|\[.*\])$/;

function checkLiteral(hostname: string): TargetCheck {
  if (!literalForm.test(hostname)) return ok;
  const literal = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const refusal = addressRefusal(literal);
  if (refusal === null) return ok;
  return refuse(
    `${literal} is not a public address (${refusal}): name host:port in POSTRIDER_ALLOW_TARGETS to allow it.`,
  );
}
