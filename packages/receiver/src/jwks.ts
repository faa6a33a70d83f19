import { parseSecret, type Secret } from "@postrider/protocol";
import { ReceiverError } from "./errors.ts";
import type { KeySource } from "./key-source.ts";
import { verifyAmong } from "./verify-among.ts";

/** How to fetch and keep a sender's public keys. */
export interface JwksOptions {
  /** Default: the runtime's own. */
  fetch?: typeof globalThis.fetch;
  /** Milliseconds until the keys are fetched again. Default 600,000 (10 min). */
  cacheMs?: number;
  /** Milliseconds for which fetched keys still serve while fetching fails: a bound on how long a revoked key lives. Default 86,400,000 (24 h). */
  staleMs?: number;
  /** Least milliseconds between two fetches, whatever arrives: forged signatures cannot make this a flood. Default 30,000. */
  cooldownMs?: number;
  /** Milliseconds for one fetch, body included. Default 5,000. */
  timeoutMs?: number;
  /** Largest document read, in bytes. Default 65,536. */
  maxBytes?: number;
  /** Most keys taken from a document; each costs up to 0.1 ms per signature checked. Default 16. */
  maxKeys?: number;
  /** Accept `http:`; for tests on loopback. Default false. */
  allowHttp?: boolean;
}

interface Fetched {
  keys: readonly Secret[];
  atMs: number;
}

/**
 * The public keys (Ed25519, RFC 8037) behind a JWKS URL, for `secrets` of `verify`: cached, bounded, no redirects.
 *
 * `webhook-signature` names no key, so "unknown key" is a v1a signature that no key fits: it leads to one fetch,
 * at most every `cooldownMs`. The URL is yours to configure; never take it from a request.
 *
 * @throws TypeError for a URL that is not https, unless `allowHttp`
 * @see https://www.rfc-editor.org/rfc/rfc7517
 * @example
 * ```ts
 * const secrets = [jwks("https://postbacks.example/.well-known/jwks.json")];
 * ```
 */
export function jwks(url: string | URL, options: JwksOptions = {}): KeySource {
  const { cacheMs = 600_000, staleMs = 86_400_000, cooldownMs = 30_000 } = options;
  const address = new URL(url);
  if (address.protocol !== "https:" && !(options.allowHttp === true && address.protocol === "http:")) {
    throw new TypeError(
      "The JWKS URL must be https: public keys that anyone on the way can replace prove nothing.",
    );
  }
  let fetched: Fetched | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let failure: unknown;

  function ask(nowMs: number): Promise<void> {
    if (running === undefined && nowMs - askedAtMs < cooldownMs) return Promise.resolve();
    running ??= (async () => {
      askedAtMs = nowMs;
      try {
        fetched = { keys: reuse(await fetchKeys(address, options), fetched?.keys ?? []), atMs: nowMs };
        failure = undefined;
      } catch (error) {
        failure = error;
      } finally {
        running = undefined;
      }
    })();
    return running;
  }

  return {
    verifyAmong,
    async keys(now) {
      const nowMs = now.getTime();
      if (fetched === undefined || nowMs - fetched.atMs >= cacheMs) await ask(nowMs);
      if (fetched !== undefined && nowMs - fetched.atMs < Math.max(staleMs, cacheMs)) return fetched.keys;
      throw unavailable(failure, Math.ceil(Math.max(1000, askedAtMs + cooldownMs - nowMs) / 1000));
    },
    async refresh(now) {
      const before = fetched?.keys;
      await ask(now.getTime());
      return fetched?.keys !== before;
    },
  };
}

/** The old objects for keys that are still there, because imported keys are cached on them; the old list if all are. */
function reuse(next: readonly Secret[], before: readonly Secret[]): readonly Secret[] {
  const known = new Map(before.map((secret) => [secret.reveal().text, secret]));
  const keys = next.map((secret) => known.get(secret.reveal().text) ?? secret);
  return keys.length === before.length && keys.every((key, index) => key === before[index]) ? before : keys;
}

async function fetchKeys(url: URL, options: JwksOptions): Promise<Secret[]> {
  const { timeoutMs = 5000, maxBytes = 65_536, maxKeys = 16 } = options;
  const response = await (options.fetch ?? fetch)(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    // A redirect would let whoever controls it choose the keys.
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}, expected 200 without redirect`);
  }
  const document = JSON.parse(await readText(response, maxBytes)) as { keys?: unknown } | null;
  const list: unknown[] = Array.isArray(document?.keys) ? document.keys : [];
  const keys = list.map(publicKey).filter((key) => key !== undefined);
  if (keys.length === 0) throw new Error("no Ed25519 key (kty OKP, crv Ed25519) in the document");
  return keys.slice(0, maxKeys);
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const next = await reader?.read();
    if (next?.value === undefined) return text + decoder.decode();
    size += next.value.byteLength;
    if (size > maxBytes) {
      await reader?.cancel();
      throw new Error(`the document is longer than ${maxBytes} bytes`);
    }
    text += decoder.decode(next.value, { stream: true });
  }
}

function publicKey(jwk: unknown): Secret | undefined {
  const { kty, crv, x, use } = (jwk ?? {}) as Record<string, unknown>;
  if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string" || (use ?? "sig") !== "sig")
    return undefined;
  try {
    return parseSecret(`whpk_${x.replaceAll("-", "+").replaceAll("_", "/")}=`);
  } catch {
    return undefined;
  }
}

function unavailable(cause: unknown, retryAfterSeconds: number): ReceiverError<"jwks_unavailable"> {
  const why = cause instanceof Error ? cause.message : "not fetched yet";
  return new ReceiverError(
    "jwks_unavailable",
    { retryAfterSeconds },
    `The sender's public keys are not available (${why}): check the JWKS URL from this machine; the next try is in ${retryAfterSeconds} s.`,
    { cause },
  );
}
