import { Resolver } from "node:dns";
import { hostname as machineName, networkInterfaces } from "node:os";
import type { Clock } from "../../ports/clock.ts";
import type { NameSource, ResolvedAddress } from "./name-source.ts";
import { candidatesFor, createReread, parseHosts, parseResolvConf, type ResolvConf } from "./host-files.ts";
import { Pacer } from "./pacer.ts";

/** Where names come from. */
export interface NameOptions {
  /** `address:port` of the name servers. Default: those of `resolv.conf`. */
  readonly servers?: readonly string[];
  /** Default `/etc/hosts`. */
  readonly hostsFile?: string;
  /** Default `/etc/resolv.conf`. */
  readonly resolvConf?: string;
}

export interface DnsLookupOptions extends NameOptions {
  readonly clock: Clock;
}

/**
 * How long an answer is waited for, question by question: a packet may be lost, or a server be slow. The deadline of the
 * look-up is mostly before the last one's.
 */
const triesMs = [2_000, 5_000] as const;
/** The other family's addresses are waited for this long when one family has some (RFC 8305, 3, has 50 ms). */
const graceMs = 250;
const interfacesKeptMs = 10_000;
/** Names that were not answered lately. */
const mostSilent = 10_000;

const noConf: ResolvConf = { hasServers: false, search: [], ndots: 1 };
/** Codes that a name server's answer leads to. All others mean that none came. */
const answered = new Set([
  "ENODATA",
  "ENOTFOUND",
  "ESERVFAIL",
  "EREFUSED",
  "EFORMERR",
  "ENOTIMP",
  "EBADRESP",
]);
const absent = new Set(["ENODATA", "ENOTFOUND"]);

interface Answer {
  readonly addresses: readonly ResolvedAddress[];
  /** Null if there are addresses. */
  readonly code: string | null;
}

/** Why a name has no addresses; `code` as c-ares has it. */
export class NameError extends Error {
  readonly code: string;

  constructor(hostname: string, code: string) {
    super(`${hostname}: ${code}`);
    this.code = code;
  }
}

/**
 * Look-ups by c-ares, in no thread: a name whose servers are silent holds up no other one. The hosts file and the search
 * domains of `resolv.conf` count as they do for the system's resolver, and are read again when they change; names under
 * `localhost` are the loopback (RFC 6761, 6.3). Nothing is kept: each call asks again.
 */
export function createDnsLookup(options: DnsLookupOptions): NameSource & { usable(): boolean } {
  const { clock, servers } = options;
  const hosts = createReread(options.hostsFile ?? "/etc/hosts", parseHosts);
  const conf = createReread(options.resolvConf ?? "/etc/resolv.conf", (text) =>
    parseResolvConf(text, machineName()),
  );
  const hasIPv6 = createIPv6Check(clock);
  const pacer = new Pacer(clock);
  const silent = new Set<string>();
  let answeredAtMs = Number.NEGATIVE_INFINITY;

  const ask = (name: string, family: 4 | 6, resolvers: Resolvers, tried = 0): Promise<Answer> =>
    new Promise((resolve) => {
      const came = (error: NodeJS.ErrnoException | null, found: readonly string[] | undefined) => {
        const code = error?.code ?? null;
        if (code === null || answered.has(code)) {
          answeredAtMs = clock.monotonicMs();
          silent.delete(name);
        } else if (code === "ETIMEOUT") {
          if (silent.size < mostSilent) silent.add(name);
          if (tried + 1 < triesMs.length) return resolve(ask(name, family, resolvers, tried + 1));
        }
        resolve({ addresses: (found ?? []).map((address) => ({ address, family })), code });
      };
      const go = () => {
        const resolver = resolvers(tried);
        if (family === 4) resolver.resolve4(name, came);
        else resolver.resolve6(name, came);
      };
      pacer.ask(go, tried > 0 || silent.has(name));
    });

  /** Both families at once. */
  const askBoth = (name: string): Promise<Answer> =>
    new Promise((resolve) => {
      const came: Answer[] = [];
      const resolvers = createResolvers(servers);
      let cancel = () => {};
      const take = (answer: Answer, family: 4 | 6) => {
        came.push(answer);
        cancel();
        if (came.length === 2) return resolve(together(came, hasIPv6()));
        const enough = answer.addresses.length > 0 && (family === 4 || hasIPv6());
        if (enough) cancel = clock.after(graceMs, () => resolve(together(came, hasIPv6())));
      };
      for (const family of [4, 6] as const)
        void ask(name, family, resolvers).then((answer) => take(answer, family));
    });

  const lookup = async (hostname: string): Promise<readonly ResolvedAddress[]> => {
    const name = hostname.toLowerCase();
    const bare = name.replace(/\.$/, "");
    const known = hosts()?.get(bare);
    if (known !== undefined) return known;
    if (bare === "localhost" || bare.endsWith(".localhost")) return loopback;
    let worst = "ENOTFOUND";
    for (const candidate of candidatesFor(name, conf() ?? noConf)) {
      const { addresses, code } = await askBoth(candidate);
      if (addresses.length > 0) return addresses;
      if (code !== null && code !== "ENOTFOUND") worst = code;
      // As glibc has it: a server that fails may know the next name, one that is silent is not asked again.
      if (code !== null && !answered.has(code)) break;
    }
    throw new NameError(hostname, worst);
  };

  return {
    lookup,
    probe: () => pacer.ask(() => createResolvers(servers)(0).resolveNs(".", noteAnswer), false),
    answeredAtMs: () => answeredAtMs,
    usable: () => servers !== undefined || (conf()?.hasServers ?? false),
  };

  function noteAnswer(error: NodeJS.ErrnoException | null): void {
    if (error === null || answered.has(error.code ?? "")) answeredAtMs = clock.monotonicMs();
  }
}

const loopback: readonly ResolvedAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** The addresses of both families, those first that this machine prefers (RFC 6724): IPv6 first if it has any. */
function together(answers: readonly Answer[], preferIPv6: boolean): Answer {
  const addresses = answers
    .flatMap((answer) => answer.addresses)
    .toSorted((one, other) => (preferIPv6 ? other.family - one.family : one.family - other.family));
  if (addresses.length > 0) return { addresses, code: null };
  const codes = answers.map(({ code }) => code ?? "ENODATA");
  return { addresses, code: codes.find((code) => !absent.has(code)) ?? codes[0] ?? "ENODATA" };
}

/** The resolver of a try. */
type Resolvers = (tried: number) => Resolver;

/**
 * The resolvers of one look-up, both families together. Not one for all look-ups: c-ares would learn from the quick
 * answers that 250 ms are enough, and give up names whose servers take a second; and it repeats what it has open in one
 * moment, hundreds at once. A new one costs 70 µs, and reads what `resolv.conf` says now.
 */
function createResolvers(servers: readonly string[] | undefined): Resolvers {
  const made: Resolver[] = [];
  return (tried) => {
    const known = made[tried];
    if (known !== undefined) return known;
    const resolver = new Resolver({ timeout: triesMs[tried] ?? triesMs[0], tries: 1 });
    if (servers !== undefined) resolver.setServers(servers);
    return (made[tried] = resolver);
  };
}

/** Whether this machine has an IPv6 address beyond its own links. */
function createIPv6Check(clock: Clock): () => boolean {
  let has = false;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonicMs() - readAtMs < interfacesKeptMs) return has;
    readAtMs = clock.monotonicMs();
    has = Object.values(networkInterfaces()).some((addresses) =>
      addresses?.some(({ family, internal, scopeid }) => family === "IPv6" && !internal && scopeid === 0),
    );
    return has;
  };
}
