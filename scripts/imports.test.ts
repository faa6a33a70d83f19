import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** Imports against the arrows: in which file, of what, and the beginning of the reason that lint gives. */
const wrong: readonly (readonly [file: string, imported: string, reason: string])[] = [
  ["packages/engine/src/core/a.ts", "../ports/ledger.ts", "core holds pure decisions"],
  ["packages/engine/src/core/template/b.ts", "../../transport/x.ts", "core holds pure decisions"],
  ["packages/engine/src/ports/a.ts", "../dispatch/turn.ts", "ports are declared by their consumers"],
  ["packages/engine/src/dispatch/a.ts", "../ledger/sql.ts", "dispatch speaks to ports only"],
  ["packages/engine/src/dispatch/turn/b.ts", "../../turns/x.ts", "dispatch speaks to ports only"],
  ["packages/engine/src/ledger/a.ts", "../dispatch/turn.ts", "adapters do not know each other"],
  ["packages/engine/src/turns/a.ts", "../ledger/sql.ts", "adapters do not know each other"],
  ["packages/engine/src/transport/a.ts", "../fleet/x.ts", "adapters do not know each other"],
  ["packages/engine/src/fleet/a.ts", "../turns/x.ts", "fleet speaks to ports only"],
  ["packages/engine/src/core/c.ts", "undici", "undici is imported in"],
  ["packages/engine/src/a.ts", "@postrider/server", "packages <- apps"],
  ["packages/engine/src/core/d.ts", "@postrider/cli", "packages <- apps"],
  ["packages/contract/src/a.ts", "@postrider/engine", "protocol <- contract <- engine"],
  ["packages/contract/src/b.ts", "node:fs", "protocol <- contract <- engine"],
  ["packages/client/src/a.ts", "@postrider/engine", "contract <- client"],
  ["packages/protocol/src/a.ts", "@postrider/contract", "protocol is isomorphic"],
  ["packages/sender/src/a.ts", "@postrider/engine", "the sender SDK knows no other package"],
  ["packages/receiver/src/a.ts", "@postrider/engine", "the receiver kit knows protocol alone"],
  ["packages/new/src/a.ts", "../../../apps/server/src/config.ts", "packages <- apps"],
  ["apps/cli/src/a.ts", "./commands/partners.ts", "commands stand on the rest of the CLI"],
  ["apps/cli/src/render/b.ts", "../commands/partners.ts", "commands stand on the rest of the CLI"],
  ["apps/server/src/a.ts", "@postrider/cli", "server <- cli"],
  ["apps/sandbox/src/a.ts", "@postrider/engine", "the sandbox plays the partner"],
];

/** Files that import each other, the second one only for a type. */
const circle: readonly (readonly [file: string, text: string])[] = [
  [
    "bench/src/one.ts",
    'import { two } from "./two.ts";\nexport const one = two;\nexport type One = typeof one;\n',
  ],
  ["bench/src/two.ts", 'import type { One } from "./one.ts";\nexport const two: One | number = 2;\n'],
];

const lateImport =
  'export const a = 1;\nimport { join } from "node:path";\nexport const b = join("a", "b");\n';

interface Finding {
  readonly code: string;
  readonly message: string;
  readonly help: string;
  readonly filename: string;
}

let folder: string;
let findings: readonly Finding[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postrider-imports-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const files = [
    ...wrong.map(([file, imported]) => [file, `import "${imported}";\n`] as const),
    ...circle,
    ["apps/cli/src/program.ts", 'import "./commands/index.ts";\n'] as const,
    ["examples/late.ts", lateImport] as const,
    [
      "oxlint.config.ts",
      `export { default } from ${JSON.stringify(join(root, "oxlint.config.ts"))};\n`,
    ] as const,
  ];
  for (const [file, text] of files) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  findings = await lint();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function lint(): Promise<readonly Finding[]> {
  const oxlint = join(root, "node_modules/.bin/oxlint");
  const output = await new Promise<string>((resolve) => {
    execFile(oxlint, ["--format=json"], { cwd: folder }, (_error, stdout) => resolve(stdout));
  });
  return (JSON.parse(output) as { diagnostics: readonly Finding[] }).diagnostics;
}

const about = (file: string, rule: string) =>
  findings.filter(({ code, filename }) => filename === file && code.includes(rule));

test.each(wrong)("lint refuses that %s imports %s", (file, _imported, reason) => {
  expect(about(file, "no-restricted-imports").map(({ help }) => help)).toEqual([
    expect.stringContaining(reason),
  ]);
});

test("lint finds files that import each other, even if one of them needs only a type", () => {
  expect(circle.map(([file]) => about(file, "no-cycle").length)).toEqual([1, 1]);
});

test("lint refuses an import below other statements", () => {
  expect(about("examples/late.ts", "first")).toHaveLength(1);
});

test("the program of the CLI may import the list of commands", () => {
  expect(about("apps/cli/src/program.ts", "no-restricted-imports")).toEqual([]);
});
