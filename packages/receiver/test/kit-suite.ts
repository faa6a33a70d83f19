import { generateKeyPair, generateSecret, parseSecret, type Secret, sign } from "@postrider/protocol";
import { webHandler } from "../src/adapters/web.ts";
import { createReceiver, diagnose, handle, jwks, verify } from "../src/index.ts";
import { memoryStore } from "../src/stores/memory.ts";
import type { SuiteResult } from "./vector-suite.ts";

const now = new Date("2026-02-01T12:00:00Z");
const timestampSeconds = now.getTime() / 1000;
const random = (n: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(n));

/** What a receiver does besides verifying, through web APIs alone. Runs wherever JavaScript does, without a test runner. */
export async function runKit(): Promise<SuiteResult[]> {
  const results: SuiteResult[] = [];
  const check = async (name: string, expected: unknown, run: () => Promise<unknown>): Promise<void> => {
    const got = await run().then(
      (value) => JSON.stringify(value),
      (error: unknown) => `threw ${(error as { code?: string }).code ?? String(error)}`,
    );
    results.push({ name, got, ok: got === JSON.stringify(expected) });
  };
  const secret = generateSecret(random);

  await check(
    "handle: the handler runs once for 50 duplicates at once, then a repeat",
    [1, 200, "ok"],
    async () => {
      let runs = 0;
      let answered = 0;
      let release = () => {};
      const othersAnswered = new Promise<void>((resolve) => (release = resolve));
      const post = poster(secret, () => {
        runs += 1;
        return runs === 1 ? othersAnswered : undefined;
      });
      const duplicate = async () => {
        await post('{"a":1}');
        answered += 1;
        if (answered === 49) release();
      };
      await Promise.all(Array.from({ length: 50 }, duplicate));
      const repeat = await post('{"a":1}');
      return [runs, repeat.status, await repeat.text()];
    },
  );
  await check("handle: refusals", [401, 400, 413, 400], async () => {
    const post = poster(secret, ({ json }) => void json());
    const answers = [
      await post('{"a":1}', { sent: '{"a":2}' }),
      await post("{}", { drop: "webhook-timestamp" }),
      await post("x".repeat(2000)),
      await post("no JSON"),
    ];
    return answers.map(({ status }) => status);
  });
  await check("typed events: one of the catalogue, and a version it lacks", [["c-1"], 200, 422], async () => {
    const seen: unknown[] = [];
    const anything = { "~standard": { validate: (value: unknown) => ({ value }) } };
    const receiver = createReceiver({
      ...optionsFor(secret),
      catalogue: { "conversion.approved": { 1: anything } },
    });
    receiver.on("conversion.approved", ({ data }) => void seen.push((data as { click_id: string }).click_id));
    const post = posterTo(webHandler(receiver.endpoint), secret);
    const event = (version: number) =>
      JSON.stringify({
        id: `e-${version}`,
        type: "conversion.approved",
        timestamp: "2026-02-01T12:00:00Z",
        schema_version: version,
        data: { click_id: "c-1" },
      });
    return [seen, (await post(event(1))).status, (await post(event(2), { id: "msg_2" })).status];
  });
  await check(
    "v1a with a key from a JWKS",
    { id: "msg_1", timestampSeconds, scheme: "v1a", secretIndex: 0 },
    async () => {
      const { privateKey, publicKey } = await generateKeyPair(random);
      const x = publicKey.reveal().text.slice("whpk_".length, -1).replaceAll("+", "-").replaceAll("/", "_");
      const fetch = () => Promise.resolve(Response.json({ keys: [{ kty: "OKP", crv: "Ed25519", x }] }));
      const headers = await sign("{}", { id: "msg_1", timestampSeconds, secrets: [privateKey] });
      return verify("{}", headers, { secrets: jwks("https://keys.example/", { fetch }), now });
    },
  );
  await check(
    "doctor: a body written again, another secret",
    ["body_reserialised", "secret_of_another_endpoint"],
    async () => {
      const body = '{"city": "Zürich", "payout": "1.10"}';
      const headers = await sign(body, { id: "msg_1", timestampSeconds, secrets: [secret] });
      const rewritten = await diagnose(JSON.stringify(JSON.parse(body)), headers, { secrets: secret, now });
      const other = await diagnose(body, headers, {
        secrets: generateSecret(random),
        knownSecrets: { staging: parseSecret(secret.reveal().text) },
        now,
      });
      return [rewritten, other].map(({ findings }) => findings[0]?.cause);
    },
  );
  return results;
}

type Handler = Parameters<typeof handle>[0]["handler"];

function optionsFor(secret: Secret) {
  return {
    secrets: secret,
    store: memoryStore({ now: () => now }),
    now: () => now,
    maxBodyBytes: 1000,
    onError: () => {},
  };
}

const poster = (secret: Secret, handler: Handler) =>
  posterTo(webHandler(handle({ ...optionsFor(secret), handler })), secret);

/** Posts a body signed with the secret; `sent` is what arrives in its place, `drop` a header that does not. */
function posterTo(receive: (request: Request) => Promise<Response>, secret: Secret) {
  return async (
    body: string,
    { id = "msg_1", sent = body, drop = "" }: { id?: string; sent?: string; drop?: string } = {},
  ): Promise<Response> => {
    const headers = new Headers(await sign(body, { id, timestampSeconds, secrets: [secret] }));
    headers.delete(drop || "x-none");
    return receive(new Request("https://partner.example/", { method: "POST", body: sent, headers }));
  };
}
