import { parseSecret, sign } from "@postrider/protocol";
import { guide, type PackFacts } from "./guide.ts";
import { urlForPartner } from "./endpoint-pages.ts";
import { toHtml } from "./html.ts";
import { toMarkdown } from "./markdown.ts";
import { sampleBody, sampleFile } from "./samples.ts";
import { senderScript, snippets, snippetText } from "./snippet-files.ts";

/** One file of the folder, by its path in it. */
export interface PackFile {
  readonly path: string;
  readonly text: string;
  readonly executable: boolean;
}

const placeholder = "https://your.example/postbacks";

/** All files of a pack. The time and the test secret are given, so the same facts make the same folder. */
export async function packFiles(facts: Omit<PackFacts, "snippets" | "example">): Promise<PackFile[]> {
  const { samples, endpoints, partner, testSecret } = facts;
  const files: PackFile[] = samples.map((sample) => plain(sampleFile(sample), sampleBody(sample)));
  const body = files[0]?.text ?? "{}";
  const id = "test_1";
  const timestampSeconds = Math.floor(Date.parse(facts.madeAt) / 1000);
  const signed = await sign(body, { id, timestampSeconds, secrets: [parseSecret(testSecret)] });
  const target = endpoints.find(({ method, url }) => method === "POST" && !/[{}]/.test(url));
  const page = guide({
    ...facts,
    snippets,
    example: {
      id,
      timestamp: signed["webhook-timestamp"],
      signature: signed["webhook-signature"],
      file: files[0]?.path ?? "samples/none.json",
      url: target === undefined ? placeholder : urlForPartner(target.url),
    },
  });
  files.push(
    plain("README.md", toMarkdown(page)),
    plain("README.html", toHtml(`Postbacks for ${partner.name}`, page)),
    plain("test-secret.txt", `${testSecret}\n`),
  );
  for (const path of [senderScript, ...snippets.map(({ file }) => file)])
    files.push({ path, text: await snippetText(path), executable: path.endsWith(".sh") });
  return files;
}

const plain = (path: string, text: string): PackFile => ({ path, text, executable: false });
