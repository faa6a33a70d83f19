import { defineCommand } from "../command.ts";

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
  async run(invocation) {
    // Loaded when the command runs: no other command pays for the engine.
    const { exportFiles } = await import("../settings-files/export-files.ts");
    await exportFiles(invocation);
  },
});
