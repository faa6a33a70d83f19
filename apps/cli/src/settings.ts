import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";

/** Where a setting came from, in words for `doctor`. */
export interface ClientSettings {
  readonly url: string;
  readonly urlFrom: string;
  readonly apiKey: string | null;
  /** Or why there is none. */
  readonly apiKeyFrom: string;
}

/** The file in the data folder where an embedded server keeps the API key it made. */
export const apiKeyFile = "api-key";

const defaultDataDir = ".postrider";

/** The data folder of a server started here: `POSTRIDER_DATA_DIR`, else `./.postrider`. */
export function dataDirOf(context: Pick<Context, "env" | "cwd">): string {
  const named = context.env["POSTRIDER_DATA_DIR"] || defaultDataDir;
  return isAbsolute(named) ? named : join(context.cwd, named);
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** True for this machine: the only place where a key found in the data folder is sent. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && loopback.test(new URL(url).hostname);
}

/**
 * The server to talk to and the key to show it: flags first, then the environment, then what a server started in
 * this folder left there. A key from the data folder goes to this machine only.
 *
 * @throws CliError `usage` for an address that is none
 */
export async function clientSettings(
  context: Pick<Context, "env" | "cwd">,
  given: { readonly url?: string; readonly apiKey?: string },
): Promise<ClientSettings> {
  const { env } = context;
  const [url, urlFrom] = given.url
    ? [given.url, "--url"]
    : env["POSTRIDER_URL"]
      ? [env["POSTRIDER_URL"], "POSTRIDER_URL"]
      : /^[1-9]\d*$/.test(env["POSTRIDER_PORT"] ?? "")
        ? [`http://127.0.0.1:${env["POSTRIDER_PORT"]}`, "POSTRIDER_PORT"]
        : ["http://127.0.0.1:4400", "default"];
  checkUrl(url, urlFrom);
  const found = { url: url.replace(/\/+$/, ""), urlFrom };
  if (given.apiKey) return { ...found, apiKey: given.apiKey, apiKeyFrom: "--api-key" };
  const named = firstKey(env["POSTRIDER_API_KEY"]);
  if (named) return { ...found, apiKey: named, apiKeyFrom: "POSTRIDER_API_KEY" };
  const file = env["POSTRIDER_API_KEY_FILE"];
  if (file) {
    const kept = firstKey(await readFile(file, "utf8").catch(() => undefined));
    return kept
      ? { ...found, apiKey: kept, apiKeyFrom: file }
      : {
          ...found,
          apiKey: null,
          apiKeyFrom: `POSTRIDER_API_KEY_FILE names ${file}, which is not there or holds none`,
        };
  }
  const path = join(dataDirOf(context), apiKeyFile);
  if (!isLoopback(url))
    return { ...found, apiKey: null, apiKeyFrom: "one in the data folder is for this machine only" };
  const text = await readFile(path, "utf8").catch(() => null);
  return text === null
    ? { ...found, apiKey: null, apiKeyFrom: `there is no ${path}` }
    : { ...found, apiKey: text.trim(), apiKeyFrom: path };
}

/** @throws CliError `usage` for what is no address of a server: `localhost:4400` alone is a URL of the scheme `localhost:` */
function checkUrl(url: string, from: string): void {
  const isUrl = URL.canParse(url);
  if (isUrl && /^https?:$/.test(new URL(url).protocol)) return;
  const fault = isUrl || !url.includes("://") ? "does not begin with http:// or https://" : "is not a URL";
  throw new CliError("usage", `"${url}" (${from}) ${fault}.`, {
    hint: "Like this: http://127.0.0.1:4400, or https:// if the server is behind a proxy with TLS.",
  });
}

/** Of several keys that are good, the first is shown. */
function firstKey(text: string | undefined): string | undefined {
  return text?.split(",")[0]?.trim();
}
