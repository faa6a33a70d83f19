import { defineCommand } from "../command.ts";
import { say, sayJson } from "../context.ts";
import { CliError } from "../exit.ts";
import { startProgress } from "../render/progress.ts";
import { tone } from "../render/colour.ts";
import { counted } from "../render/text.ts";

export const exportConfig = defineCommand({
  name: "export-config",
  summary: "Write partners and endpoints as files that `apply` takes, to keep them in git.",
  description:
    "Keys that have their default are left out, and so are signing secrets and state (a pause, a circuit). " +
    "Values of credentials in headers and URLs are hidden: `apply` leaves those as the server has them.",
  options: {
    partner: { kind: "list", value: "id", summary: "only this partner; several times", fallback: "all" },
    out: {
      kind: "text",
      value: "folder",
      summary: "write one file for each partner into this folder; - is one document on standard output",
      fallback: "-",
    },
    withCredentials: {
      kind: "switch",
      summary: "write the values of credentials too; keep such files secret",
    },
  },
  examples: [
    { line: "postrider export-config --out partners", meaning: "One file for each partner:" },
    { line: "postrider export-config --partner acme > acme.json", meaning: "One partner:" },
  ],
  async run({ context, options, json, api }) {
    const [
      { readSettings },
      { partnerEntry, partnerFileText, partnersFileText },
      credentials,
      { writeFiles },
    ] = await Promise.all([
      import("../settings-files/server.ts"),
      import("../settings-files/file-text.ts"),
      import("../settings-files/credentials.ts"),
      import("../settings-files/folder.ts"),
    ]);
    const { stdout, stderr, signal } = context;
    const ids = options.partner.length === 0 ? null : options.partner;
    const progress = startProgress(stderr, context.now, "reading", json);
    const found = await readSettings(await api(), ids, false, {
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
          const shown = credentials.withoutCredentials(document);
          if (credentials.hidesCredentials(shown)) hidden += 1;
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
    const out = options.out ?? "-";
    if (out === "-") {
      if (json) return sayJson(stdout, { partners: partners.map(partnerEntry) });
      const only = ids?.length === 1 ? partners[0] : undefined;
      stdout.write(only === undefined ? partnersFileText(partners) : partnerFileText(only));
      return;
    }
    const others = await writeFiles(context.cwd, out, partners);
    if (json) return sayJson(stdout, { folder: out, partners: partners.length, other_files: others });
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
  },
});
