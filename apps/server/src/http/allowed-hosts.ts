import { isIP } from "node:net";
import { PostriderError } from "@postrider/engine";

/** Whether an address that a server listens on can be reached only from its own machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return (
    bare === "localhost" ||
    bare.endsWith(".localhost") ||
    bare === "::1" ||
    (isIP(bare) === 4 && bare.startsWith("127."))
  );
}

/** Refuses calls by a name that is not this server's. @throws PostriderError `unknown_host` */
export type HostCheck = (host: string | undefined) => void;

/**
 * Checks the Host header while the server listens on loopback: there every caller is on this machine and knows it as
 * localhost, and any other name belongs to a web page that points it here to read the answers (DNS rebinding). Elsewhere
 * names are for the proxy to check, and nothing is checked here. A call without the header passes: browsers always send one.
 *
 * @example createHostCheck("127.0.0.1", ["api.test"])("evil.example:4400") // throws
 */
export function createHostCheck(listensOn: string, allowed: readonly string[]): HostCheck {
  if (!isLoopback(listensOn)) return () => {};
  const names = new Set([listensOn, ...allowed].map((name) => name.toLowerCase()));
  let lastGood: string | undefined;
  return (host) => {
    if (host === undefined || host === lastGood) return;
    const name = nameOf(host);
    if (!isLoopback(name) && !names.has(name)) {
      throw new PostriderError("unknown_host", `This server is not called ${name.slice(0, 80)}.`, {
        hint: "It listens only on this machine: call it by 127.0.0.1 or localhost, or name the host in POSTRIDER_ALLOWED_HOSTS.",
      });
    }
    lastGood = host;
  };
}

/** The name in a Host header, without its port and brackets. */
function nameOf(host: string): string {
  const [, address, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  return (address ?? name ?? host).toLowerCase();
}
