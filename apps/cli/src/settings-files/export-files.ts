import type { ApiClient } from "../api-client.ts";
import { type Context, say, sayJson } from "../context.ts";
import { CliError } from "../exit.ts";
import { tone } from "../render/colour.ts";
import { startProgress } from "../render/progress.ts";
import { counted } from "../render/text.ts";
import { hidesCredentials, withoutCredentials } from "./credentials.ts";
import { partnerEntry, partnerFileText, partnersFileText } from "./file-text.ts";
import { writeFiles } from "./folder.ts";
import { listSecretNames } from "./partner-secrets.ts";
import { readSettings } from "./server.ts";

/** What the command was called with. */
interface ExportInvocation {
  readonly context: Context;
  readonly options: {
    readonly partner: readonly string[];
    readonly out: string | undefined;
    readonly withCredentials: boolean;
  };
  readonly json: boolean;
  readonly api: () => Promise<ApiClient>;
}

/** Writes partners and endpoints as files that `apply` takes. @throws CliError `notFound`, `failed` */
export async function exportFiles({ context, options, json, api }: ExportInvocation): Promise<void> {
  const { stdout, stderr, signal } = context;
  const ids = options.partner.length === 0 ? null : options.partner;
  const progress = startProgress(stderr, context.now, "reading", json);
  const client = await api();
  const found = await readSettings(client, ids, false, {
    signal,
    onProgress: progress.update,
  }).finally(progress.end);
  const missing = ids?.filter((id) => !found.has(id)) ?? [];
  if (missing.length > 0)
    throw new CliError("notFound", `There is no partner ${missing.join(", ")}.`, {
      hint: "List the partners: postrider partners",
    });
  let hidden = 0;
  const partners = [...found.values()]
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .map((partner) => {
      if (options.withCredentials) return partner;
      const endpoints = [...partner.endpoints].map(([id, document]) => {
        const shown = withoutCredentials(document);
        if (hidesCredentials(shown)) hidden += 1;
        return [id, shown] as const;
      });
      return { ...partner, endpoints: new Map(endpoints) };
    });
  if (hidden > 0)
    say(
      stderr,
      tone(
        stderr,
        "warning",
        `Values of credentials are hidden in ${counted(hidden, "endpoint")}; --with-credentials writes them.`,
      ),
    );
  const secrets = await listSecretNames(client, partners, signal);
  for (const [id, names] of secrets)
    say(
      stderr,
      `Not exported: ${names.length === 1 ? "the secret" : "the secrets"} ${names.join(", ")} of ${id}. Set ${names.length === 1 ? "it" : "them"} where you apply.`,
    );
  const out = options.out ?? "-";
  if (out === "-") {
    if (json) return sayJson(stdout, { partners: partners.map(partnerEntry) });
    const only = ids?.length === 1 ? partners[0] : undefined;
    stdout.write(only === undefined ? partnersFileText(partners) : partnerFileText(only));
    return;
  }
  const others = await writeFiles(context.cwd, out, partners);
  if (json)
    return sayJson(stdout, {
      folder: out,
      partners: partners.length,
      other_files: others,
      secrets_not_exported: Object.fromEntries(secrets),
    });
  say(stdout, `${counted(partners.length, "partner")} written to ${out}.`);
  if (ids === null && others.length > 0)
    say(
      stderr,
      tone(
        stderr,
        "warning",
        `Not of a partner that was exported: ${others.slice(0, 10).join(", ")}${others.length > 10 ? ", …" : ""}. \`apply\` reads these too: remove what is gone.`,
      ),
    );
}
