/**
 * What the documents say is so: their links lead somewhere, their documents are accepted, their commands exist, and
 * their TypeScript compiles against the packages.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { commands } from "../apps/cli/src/commands/index.ts";
import { endpointDocument, partnerDocument } from "../packages/contract/src/index.ts";

const root = resolve(import.meta.dirname, "..");
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
});
const pages = listed.split("\n").filter((page) => page !== "" && existsSync(join(root, page)));
/** The pages written by hand for readers; the reference pages, and the snippets for receivers, have tests of their own. */
const prose = pages.filter((page) => /^(README|CONTRIBUTING|ARCHITECTURE)\.md$|^docs\/guide\//.test(page));

interface Snippet {
  readonly page: string;
  readonly line: number;
  /** `json endpoint` and the like: the language, then what it is. */
  readonly info: string;
  readonly text: string;
}

const textOf = (page: string) => readFileSync(join(root, page), "utf8");

const snippets: readonly Snippet[] = prose.flatMap((page) => {
  const text = textOf(page);
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    page,
    line: text.slice(0, found.index).split("\n").length,
    info: found[1]!.trim(),
    text: found[2]!,
  }));
});

const named = ({ page, line }: Snippet) => `${page}:${line}`;

describe("links between pages", () => {
  it.each(pages)("%s", (page) => {
    const text = textOf(page)
      .replaceAll(/^```[\s\S]*?^```$/gm, "")
      .replaceAll(/`[^`\n]*`/g, "");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => found[1]!);
    const dead = links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(page, link));
    expect(dead).toEqual([]);
  });
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined || !target.endsWith(".md")) return true;
  return anchorsOf(readFileSync(target, "utf8")).includes(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map((found) =>
    found[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("JSON", () => {
  const documents = snippets.filter(({ info }) => info.startsWith("json"));
  const schemas: Readonly<Record<string, { parse(document: unknown): unknown }>> = {
    endpoint: endpointDocument,
    partner: partnerDocument,
  };

  it.each(documents.map((snippet) => [named(snippet), snippet] as const))(
    "%s is read, and taken where it is a document",
    (_, snippet) => {
      const parsed: unknown = JSON.parse(snippet.text);
      expect(parsed).toBeTypeOf("object");
      const kind = snippet.info.split(" ")[1];
      if (kind !== undefined) expect(() => schemas[kind]?.parse(parsed)).not.toThrow();
      expect(kind === undefined || kind in schemas).toBe(true);
    },
  );

  it("has endpoints and a partner among it", () => {
    expect(documents.filter(({ info }) => info === "json endpoint").length).toBeGreaterThan(2);
    expect(documents.some(({ info }) => info === "json partner")).toBe(true);
  });
});

describe("commands", () => {
  const lines = snippets
    .filter(({ info }) => info === "sh")
    .flatMap((snippet) =>
      snippet.text
        .replaceAll("\\\n", " ")
        .split("\n")
        .map((line) => [`${named(snippet)} ${line}`, line] as const),
    );
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };

  it.each(lines.filter(([, line]) => line.startsWith("postrider ")))("%s", (_, line) => {
    expect(commandFault(line)).toBeNull();
  });

  it.each(lines.filter(([, line]) => line.startsWith("npm ")))("%s", (_, line) => {
    const [, verb = "", name = ""] = line.split(/\s+/);
    expect(Object.keys(scripts)).toContain(verb === "run" ? name : verb);
  });

  it.each(lines.filter(([, line]) => /(^|\s)\S+\.ts\b/.test(line)))(
    "%s names files that are there",
    (_, line) => {
      const files = [...line.matchAll(/(?:^|[\s/"])((?:apps|packages|bench|scripts)\/\S+?\.ts)\b/g)].map(
        (found) => found[1]!,
      );
      expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    },
  );

  it("`npm run postrider` without the packages names the remedy in one line", () => {
    const cwd = mkdtempSync(join(tmpdir(), "postrider-bare-"));
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
    const { status, stderr } = spawnSync("sh", ["-c", `${scripts["postrider"]} --help`], {
      cwd,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([1, "Run npm start first: it installs Node and the packages.\n"]);
  });

  it("sees a command or flag that is not there", () => {
    expect(commandFault("postrider partner list")).toMatch(/no command/);
    expect(commandFault("postrider partners put acme --speed 7")).toMatch(/--speed/);
    expect(lines.length).toBeGreaterThan(20);
  });
});

/** What is wrong with a `postrider …` line, or null. */
function commandFault(line: string): string | null {
  const words = line
    .replaceAll(/'[^']*'|"[^"]*"/g, "text")
    .split(/\s+/)
    .slice(1);
  let command = commands.find(({ name }) => name === words[0]);
  if (command === undefined) return `no command ${words[0]}`;
  if ("commands" in command) {
    const { commands: below } = command;
    command = below.find(({ name }) => name === words[1]) ?? below[0]!;
  }
  const flags = new Set(
    Object.keys("options" in command ? (command.options ?? {}) : {}).map(
      (key) => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    ),
  );
  const unknown = words.filter((word) => word.startsWith("--") && !flags.has(word) && word !== "--json");
  return unknown.length === 0 ? null : `${line}: no flag ${unknown.join(", ")}`;
}

describe("TypeScript", () => {
  it("compiles against the packages", () => {
    const parent = join(root, "node_modules", ".cache");
    mkdirSync(parent, { recursive: true });
    const folder = mkdtempSync(join(parent, "snippets-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const sources = snippets.filter(({ info, page }) => info === "ts" && page !== "docs/guide/receiving.md");
    expect(sources.length).toBeGreaterThan(2);
    for (const [index, { text }] of sources.entries())
      writeFileSync(join(folder, `snippet-${index}.ts`), `${text}\nexport {};\n`);
    const from = (path: string) => [relative(folder, join(root, path))];
    const paths = {
      "@postrider/client": from("packages/client/src/index.ts"),
      "@postrider/sender": from("packages/sender/src/index.ts"),
      "@postrider/protocol": from("packages/protocol/src/index.ts"),
      zod: from("packages/sender/node_modules/zod/index.d.ts"),
      pg: from("packages/engine/node_modules/@types/pg/index.d.ts"),
    };
    const config = {
      extends: from("tsconfig.base.json")[0],
      compilerOptions: { paths, typeRoots: from("node_modules/@types") },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout, status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], {
      encoding: "utf8",
    });
    expect(stdout, sources.map((snippet, index) => `snippet-${index} is ${named(snippet)}`).join("\n")).toBe(
      "",
    );
    expect(status).toBe(0);
  });
});

describe("the chart of states", () => {
  it("is the same in the architecture and the reference", () => {
    const chart = (page: string) => /```mermaid\n([\s\S]*?)```/.exec(textOf(page))?.[1];
    expect(chart("ARCHITECTURE.md")).toBe(chart("docs/reference/states.md"));
    expect(chart("ARCHITECTURE.md")).toContain("stateDiagram");
  });
});
