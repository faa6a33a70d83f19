import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit.ts";

export const apply = defineCommand({
  name: "apply",
  summary: "Make partners and endpoints as files say; shows what changes, and asks first.",
  description:
    "A key that a file leaves out gets its default. All files are checked before anything is changed. Nothing is deleted without --prune or --prune-partners. " +
    "What somebody else changes between the plan and the change is left as it is. Exit code 1 if a change failed: the others are made, and applying again makes the rest.",
  options: {
    file: {
      kind: "list",
      short: "f",
      value: "path",
      summary: "a file, a folder with .json files, or - for standard input; several times",
    },
    dryRun: {
      kind: "switch",
      summary: `show the plan and change nothing; exit code ${exitCodes.changes.code} if there is something to change`,
    },
    prune: { kind: "switch", summary: "delete endpoints that the file of their partner does not have" },
    prunePartners: {
      kind: "switch",
      summary: "delete partners that no file has, with their endpoints and keys",
    },
    secretsFile: {
      kind: "text",
      value: "path",
      summary:
        "append the signing secrets of new partners to this file, a JSON line each; - for standard output",
      fallback: "the terminal",
    },
    yes: { kind: "switch", summary: "do not ask" },
  },
  examples: [
    { line: "postrider apply -f partners", meaning: "All files of a folder:" },
    { line: "postrider apply -f partners --dry-run", meaning: "What would change:" },
    {
      line: "postrider apply -f partners --prune --yes --secrets-file new-secrets.jsonl",
      meaning: "From a script:",
    },
  ],
  async run(invocation) {
    // Loaded when the command runs: no other command pays for the engine.
    const { applyFiles } = await import("../settings-files/apply-files.ts");
    return applyFiles(invocation);
  },
});
