import { readFile } from "node:fs/promises";

/** The files in `snippets/` that go into every pack. */
export const snippets = [
  { language: "curl and openssl", file: "verify/verify.sh" },
  { language: "TypeScript (Node)", file: "verify/verify.ts" },
  { language: "Python", file: "verify/verify.py" },
  { language: "PHP", file: "verify/verify.php" },
  { language: "Go", file: "verify/verify.go" },
  { language: "Ruby", file: "verify/verify.rb" },
  { language: "Java", file: "verify/Verify.java" },
  { language: "C#", file: "verify/Verify.cs" },
] as const;

export const senderScript = "send-test.sh";

/** The text of a file of the pack. */
export function snippetText(file: string): Promise<string> {
  const name = file.replace("verify/", "");
  return readFile(new URL(`./snippets/${name}`, import.meta.url), "utf8");
}
