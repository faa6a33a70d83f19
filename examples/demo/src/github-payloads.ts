import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** One kind of GitHub webhook, with real bodies of it. */
export interface GithubDefinition {
  /** The edition it was collected from, `api.github.com` or `ghes-31` and so on. */
  readonly edition: string;
  readonly name: string;
  readonly examples: readonly object[];
}

/** Everything that the npm package `@octokit/webhooks-examples` holds, over all editions. */
export function githubDefinitions(): GithubDefinition[] {
  const folder = dirname(createRequire(import.meta.url).resolve("@octokit/webhooks-examples/package.json"));
  const editions = readdirSync(folder).filter((name) => existsSync(join(folder, name, "index.json")));
  return editions.flatMap((edition) => {
    const text = readFileSync(join(folder, edition, "index.json"), "utf8");
    return (JSON.parse(text) as Omit<GithubDefinition, "edition">[]).map((one) => ({ ...one, edition }));
  });
}
