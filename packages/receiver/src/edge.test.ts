/** Runtimes that have the names of Node and refuse to work, as the edge sandbox of Next.js: importing never throws there. */
import { createContext, runInContext } from "node:vm";
import { beforeAll, expect, test } from "vitest";
import { bundle } from "../test/bundle.ts";
import { now, otherSecret, secret, signed } from "./testing/signed.ts";
import type { handle, verify } from "./index.ts";
import type { memoryStore } from "./stores/memory.ts";

interface Kit {
  verify: typeof verify;
  handle: typeof handle;
  memoryStore: typeof memoryStore;
}

let code: string;
beforeAll(async () => {
  code = await bundle(
    "given.ts",
    `import { handle, verify } from "./src/index.ts"; import { memoryStore } from "./src/stores/memory.ts";
     globalThis.kit = { handle, verify, memoryStore };`,
  );
});

const refuse = (): never => {
  throw new Error(
    "A Node.js API is used (process.getBuiltinModule) which is not supported in the Edge Runtime.",
  );
};
const digest = () => "x".repeat(32);
const gives = (module: unknown) => ({ process: { getBuiltinModule: () => module } });

const sandboxes: Record<string, object> = {
  "Next.js: getBuiltinModule throws": { process: { env: {}, getBuiltinModule: refuse } },
  "getBuiltinModule cannot be read": {
    process: Object.defineProperty({}, "getBuiltinModule", { get: refuse }),
  },
  "process cannot be read": Object.defineProperty({}, "process", { get: refuse }),
  "no process": {},
  "process is null": { process: null },
  "process has nothing": { process: { env: {} } },
  "getBuiltinModule is no function": { process: { getBuiltinModule: true } },
  "no such module": gives(undefined),
  "an empty module": gives({}),
  "functions that throw": gives({ hash: refuse, timingSafeEqual: refuse }),
  "functions that do nothing": gives({ hash: () => {}, timingSafeEqual: () => {} }),
  "hash alone": gives({ hash: digest }),
  "a hash that throws": gives({ hash: refuse, timingSafeEqual: () => true }),
  "a comparison that throws": gives({ hash: digest, timingSafeEqual: refuse }),
};

/** The kit as a program of that sandbox: with the web's names, and no other of Node's. */
function load(sandbox: object): Kit {
  const web = {
    crypto,
    TextEncoder,
    TextDecoder,
    URL,
    Headers,
    Request,
    Response,
    atob,
    btoa,
    Uint8Array,
    Date,
    console,
  };
  const context = createContext(
    Object.defineProperties({ ...web }, Object.getOwnPropertyDescriptors(sandbox)),
  );
  runInContext(code, context);
  return (context as { kit: Kit }).kit;
}

test.each(Object.entries(sandboxes))("%s: it is imported, verifies and receives", async (_, sandbox) => {
  const kit = load(sandbox);
  const headers = await signed("{}");
  expect(await kit.verify("{}", headers, { secrets: secret, now })).toMatchObject({
    id: "msg_1",
    scheme: "v1",
  });
  await expect(kit.verify("{} ", headers, { secrets: secret, now })).rejects.toMatchObject({
    code: "signature_mismatch",
  });
  await expect(kit.verify("{}", headers, { secrets: otherSecret, now })).rejects.toMatchObject({
    code: "signature_mismatch",
  });
  const endpoint = kit.handle({
    secrets: secret,
    now: () => now,
    store: kit.memoryStore({ now: () => now }),
    onError: () => {},
    handler: () => {},
  });
  expect(await endpoint({ headers, rawBody: () => "{}" })).toMatchObject({ status: 200, body: "ok" });
});
