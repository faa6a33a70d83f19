import { defineConfig } from "oxlint";

/** One import that a folder may not make, and the reason a reader is given. */
type Ban = { group: string[]; message: string };

const drivers: Record<string, Ban> = {
  pg: {
    group: ["pg", "pg/*"],
    message: "pg is imported in packages/engine/src/ledger only: everyone else speaks the ledger port.",
  },
  pglite: {
    group: ["@electric-sql/pglite", "@electric-sql/pglite/*"],
    message: "PGlite is imported in packages/engine/src/ledger only: everyone else speaks the ledger port.",
  },
  undici: {
    group: ["undici"],
    message:
      "undici is imported in packages/engine/src/transport only: everyone else speaks the transport port.",
  },
  bullmq: {
    group: ["bullmq", "ioredis"],
    message: "BullMQ and ioredis are imported in packages/engine/src/turns only: everyone else rings turns.",
  },
  hono: {
    group: ["hono", "hono/*", "@hono/*"],
    message: "The HTTP framework is imported in apps/server/src/http and apps/sandbox only.",
  },
};

const siblings = (names: string[], message: string): Ban => ({
  group: names.flatMap((name) => [`**/${name}/**`, `@postrider/${name}`, `@postrider/${name}/*`]),
  message,
});

const apps: Ban = {
  group: ["@postrider/{cli,sandbox,server}", "@postrider/{cli,sandbox,server}/*", "**/apps/**"],
  message: "packages <- apps: what an app and a package both need belongs in a package.",
};

/** Folders inside the engine that `folder` may not reach, with the reason. */
const engineArrows: Record<string, Ban> = {
  core: siblings(
    ["ports", "dispatch", "ledger", "turns", "transport", "fleet", "testing"],
    "core holds pure decisions: it imports nothing of the engine but core.",
  ),
  ports: siblings(
    ["dispatch", "ledger", "turns", "transport", "fleet", "testing"],
    "ports are declared by their consumers in the words of core; an adapter's shape may not leak into them.",
  ),
  dispatch: siblings(
    ["ledger", "turns", "transport", "fleet", "testing"],
    "dispatch speaks to ports only: a new ledger, turns or transport must fit without a change here.",
  ),
  ledger: siblings(
    ["dispatch", "turns", "transport", "fleet"],
    "adapters do not know each other nor their consumers: core <- ports <- ledger.",
  ),
  turns: siblings(
    ["dispatch", "ledger", "transport", "fleet"],
    "adapters do not know each other nor their consumers: core <- ports <- turns.",
  ),
  transport: siblings(
    ["dispatch", "ledger", "turns", "fleet"],
    "adapters do not know each other nor their consumers: core <- ports <- transport.",
  ),
  fleet: siblings(
    ["dispatch", "ledger", "turns", "transport"],
    "fleet speaks to ports only: core <- ports <- fleet.",
  ),
};

const packageArrows: Record<string, Ban> = {
  contract: {
    group: [
      "@postrider/{engine,client,sender,receiver}",
      "@postrider/{engine,client,sender,receiver}/*",
      "node:*",
    ],
    message:
      "protocol <- contract <- engine, client: the contract runs in browsers and knows nobody above it.",
  },
  client: {
    group: ["@postrider/{engine,sender,receiver}", "@postrider/{engine,sender,receiver}/*", "node:*"],
    message: "contract <- client: the client runs wherever fetch does, and knows nothing of the engine.",
  },
  protocol: {
    group: ["@postrider/*", "node:*", "zod", "../../../*"],
    message: "protocol is isomorphic with zero dependencies: Web APIs only, and it knows no other package.",
  },
  sender: {
    group: [
      "@postrider/engine",
      "@postrider/engine/*",
      "@postrider/protocol",
      "@postrider/receiver",
      "@postrider/server",
      "node:*",
    ],
    message: "the sender SDK knows no other package, and runs wherever fetch does.",
  },
  receiver: {
    group: ["@postrider/engine", "@postrider/engine/*", "@postrider/sender", "@postrider/server", "zod"],
    message: "the receiver kit knows protocol alone: partners must not install a dispatcher.",
  },
  engine: {
    group: ["@postrider/sender", "@postrider/receiver", "@postrider/client"],
    message: "protocol <- contract <- engine <- apps: the engine knows nobody above it.",
  },
};

/** Folders inside an app that others of it may not reach, with the reason. */
const appArrows: Record<string, Ban> = {
  cli: {
    group: ["**/commands/**"],
    message: "commands stand on the rest of the CLI: what two of them share lies beside them, in src/.",
  },
  server: {
    group: ["@postrider/cli", "@postrider/sandbox"],
    message: "server <- cli: the server knows neither the CLI nor the sandbox.",
  },
  sandbox: {
    group: ["@postrider/cli", "@postrider/server", "@postrider/engine", "@postrider/engine/*"],
    message: "the sandbox plays the partner: it shares the wire contract with the engine, and no code.",
  },
};

const all = Object.values(drivers);
const restrict = (...bans: Ban[]): ["error", { patterns: Ban[] }] => ["error", { patterns: bans }];
const allBut = (...free: string[]) =>
  Object.entries(drivers).flatMap(([name, ban]) => (free.includes(name) ? [] : [ban]));

const engineFolder = (name: string): Ban[] => [apps, packageArrows.engine!, engineArrows[name]!];

const clockRule: ["error", ...{ object: string; property: string; message: string }[]] = [
  "error",
  { object: "Date", property: "now", message: "time is an argument: take `now` or a Clock." },
  { object: "Math", property: "random", message: "chance is an argument: take a Random." },
];

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "oxc", "promise", "vitest"],
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  ignorePatterns: ["**/dist/**", "**/node_modules/**"],
  rules: {
    "no-restricted-imports": restrict(...all),
    "no-restricted-properties": clockRule,
    "no-restricted-globals": [
      "error",
      { name: "setTimeout", message: "loops hold a Clock: use clock.sleep(ms, signal)." },
      { name: "setInterval", message: "loops hold a Clock: use clock.sleep(ms, signal)." },
    ],
    "no-console": "error",
    // Types too: two files that need each other's types are one thing in two files.
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/first": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-explicit-any": "error",
    // A factory counts with the functions it closes over.
    "max-lines-per-function": ["error", { max: 100, skipBlankLines: true, skipComments: true }],
    "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
    // Reasons to stay off: order is meant in these loops; shadowing and sorted names are taste; side-effect imports are how tests set up.
    "no-await-in-loop": "off",
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "import/no-unassigned-import": "off",
    // pg is a CommonJS module: under Node only its default export is sure to be there.
    "import/no-named-as-default-member": "off",
    // Conditions of loops that wait are changed by callbacks, which this rule cannot see.
    "no-unmodified-loop-condition": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/consistent-function-scoping": "off",
    "oxc/no-map-spread": "off",
    "promise/always-return": "off",
    "unicorn/no-array-sort": "off",
    // Verdict rules have the key, with a text: only a function makes an object thenable.
    "unicorn/no-thenable": "off",
    // Ports are written as methods and made of closures: nothing here needs its `this`.
    "typescript/unbound-method": "off",
    "typescript/consistent-return": "off",
    "typescript/no-unsafe-type-assertion": "off",
  },
  overrides: [
    {
      files: ["packages/*/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps) },
    },
    {
      files: ["packages/contract/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps, packageArrows.contract!) },
    },
    {
      files: ["packages/client/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps, packageArrows.client!) },
    },
    {
      files: ["packages/protocol/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps, packageArrows.protocol!) },
    },
    {
      files: ["packages/sender/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps, packageArrows.sender!) },
    },
    {
      files: ["packages/receiver/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps, packageArrows.receiver!) },
    },
    {
      files: ["packages/engine/src/**"],
      rules: { "no-restricted-imports": restrict(...all, apps, packageArrows.engine!) },
    },
    {
      files: ["packages/engine/src/core/**"],
      rules: { "no-restricted-imports": restrict(...all, ...engineFolder("core")) },
    },
    {
      files: ["packages/engine/src/ports/**"],
      rules: { "no-restricted-imports": restrict(...all, ...engineFolder("ports")) },
    },
    {
      files: ["packages/engine/src/dispatch/**"],
      rules: { "no-restricted-imports": restrict(...all, ...engineFolder("dispatch")) },
    },
    {
      files: ["packages/engine/src/ledger/**"],
      rules: {
        "no-restricted-imports": restrict(...allBut("pg", "pglite"), ...engineFolder("ledger")),
      },
    },
    {
      files: ["packages/engine/src/turns/**"],
      rules: {
        "no-restricted-imports": restrict(...allBut("bullmq"), ...engineFolder("turns")),
      },
    },
    {
      files: ["packages/engine/src/transport/**"],
      rules: {
        "no-restricted-imports": restrict(...allBut("undici"), ...engineFolder("transport")),
      },
    },
    {
      files: ["packages/engine/src/fleet/**"],
      rules: { "no-restricted-imports": restrict(...all, ...engineFolder("fleet")) },
    },
    {
      files: ["apps/server/src/**"],
      rules: { "no-restricted-imports": restrict(...all, appArrows.server!) },
    },
    {
      files: ["apps/server/src/http/**"],
      rules: { "no-restricted-imports": restrict(...allBut("hono"), appArrows.server!) },
    },
    {
      files: ["apps/sandbox/src/**"],
      rules: { "no-restricted-imports": restrict(...allBut("hono"), appArrows.sandbox!) },
    },
    {
      files: ["apps/cli/src/**"],
      rules: { "no-restricted-imports": restrict(...all, appArrows.cli!) },
    },
    {
      // The list of commands, and those who read it.
      files: ["apps/cli/src/commands/**", "apps/cli/src/{program,reference}.ts"],
      rules: { "no-restricted-imports": restrict(...all) },
    },
    {
      files: ["apps/cli/src/**", "examples/**", "bench/**", "e2e/**", "scripts/**"],
      rules: { "no-console": "off", "no-restricted-properties": "off", "no-restricted-globals": "off" },
    },
    { files: ["apps/**"], rules: { "no-restricted-properties": "off", "no-restricted-globals": "off" } },
    // Fakes of a whole port.
    { files: ["apps/*/src/testing/**"], rules: { "max-lines-per-function": "off" } },
    {
      files: ["**/clock.ts", "**/random.ts", "packages/engine/src/testing/**"],
      rules: { "no-restricted-properties": "off", "no-restricted-globals": "off" },
    },
    {
      files: ["**/*.test.ts", "**/*.testsuite.ts", "packages/engine/src/testing/**", "e2e/**", "bench/**"],
      rules: {
        "no-restricted-imports": "off",
        "no-restricted-properties": "off",
        "no-restricted-globals": "off",
        "max-lines-per-function": "off",
        "typescript/no-explicit-any": "off",
        // Helpers that assert are called by tests.
        "vitest/no-standalone-expect": "off",
        "vitest/no-conditional-expect": "off",
        "vitest/no-conditional-tests": "off",
        "vitest/valid-title": "off",
        "vitest/expect-expect": [
          "error",
          { assertFunctionNames: ["expect*", "assert*", "until*", "fc.assert", "**.until"] },
        ],
        "oxc/no-accumulating-spread": "off",
        "typescript/require-array-sort-compare": "off",
        "vitest/valid-expect": ["error", { maxArgs: 2 }],
        "vitest/valid-describe-callback": "off",
        "vitest/no-disabled-tests": "off",
      },
    },
  ],
});
