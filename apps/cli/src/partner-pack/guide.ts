import type { Endpoint, Partner, SigningKey } from "@postrider/engine";
import { type Block, code, heading, list, table, text } from "./blocks.ts";
import { endpointBlocks } from "./endpoint-pages.ts";
import { isSubscribed, type SampleEvent, sampleBody, sampleFile } from "./samples.ts";

/** All that a pack is made of. No secret of the partner is among it. */
export interface PackFacts {
  readonly partner: Partner;
  readonly endpoints: readonly Endpoint[];
  readonly keys: readonly SigningKey[];
  readonly samples: readonly SampleEvent[];
  readonly snippets: readonly { readonly file: string; readonly language: string }[];
  /** Made for this pack, signs nothing else. */
  readonly testSecret: string;
  /** A message signed with it, for comparing. */
  readonly example: {
    readonly id: string;
    readonly timestamp: string;
    readonly signature: string;
    readonly file: string;
    readonly url: string;
  };
  /** ISO 8601. */
  readonly madeAt: string;
}

/** The page for the partner. */
export function guide(facts: PackFacts): Block[] {
  return [
    heading(1, `Postbacks for ${facts.partner.name}`),
    text(
      `How to receive and verify them. Made ${facts.madeAt.slice(0, 10)} for the partner `,
      { code: facts.partner.id },
      ". This folder does not hold your secret: you received your signing secret (whsec_) once, separately.",
    ),
    heading(2, "In short"),
    ...inShort(),
    heading(2, "What is sent where"),
    ...(facts.endpoints.length === 0
      ? [text("There is no endpoint yet: tell us the URL.")]
      : facts.endpoints.flatMap(endpointBlocks)),
    heading(2, "Headers of every request"),
    ...headers(),
    heading(2, "Samples"),
    ...samples(facts),
    heading(2, "Verify"),
    ...verification(facts),
    heading(2, "Keys and their rotation"),
    ...keys(facts),
    heading(2, "Test it"),
    ...testing(facts),
  ];
}

function inShort(): Block[] {
  return [
    list(
      [
        "Success is a 2xx status with a complete answer. We ignore its body, but keep the beginning to analyse problems: keep it short and without personal data.",
      ],
      [
        "Deduplicate by ",
        { code: "webhook-id" },
        ": it is the same over all retries and replays. Answer a repeat as you answered the first time, with 2xx. Remember ids for 35 days.",
      ],
      [
        "Delivery is at least once, in any order. ",
        { code: "timestamp" },
        " in the body is when the event happened; keep the newer one.",
      ],
      ["Answer within 2 s: store the message first, process it later."],
      [
        "Redirects are never followed. After a 410 we stop sending until you contact us. Answer 409 with Retry-After while you still work on the same id, and 429 or 503 with Retry-After if you get too many requests.",
      ],
      [
        "Answer 400 if headers are missing or malformed, 401 if the signature does not match, and 422 if you do not know the schema_version, with the versions that you know.",
      ],
      ["Ignore fields that you do not know: new ones can come without a new schema_version."],
      [
        "The ",
        { code: "user-agent" },
        " begins with ",
        { code: "Postrider/" },
        "; a version follows. Let it through your firewall.",
      ],
    ),
  ];
}

function headers(): Block[] {
  return [
    table(
      ["header", "value"],
      [
        ["webhook-id", "the delivery's id: visible ASCII without full stop and comma"],
        [
          "webhook-timestamp",
          "time of this attempt, whole seconds since 1970; refuse a request that is more than 300 s off",
        ],
        ["webhook-signature", "v1,<base64>; during a rotation several, separated by one space"],
        ["content-type", "application/json, if there is a JSON body"],
        ["user-agent", "Postrider/ and a version, unless the endpoint sets its own"],
        ["accept, accept-encoding", "JSON first, no compression; unless the endpoint sets its own"],
        ["webhook-test", "1, only on test postbacks: do not count these"],
      ],
    ),
  ];
}

function samples({ samples, endpoints }: PackFacts): Block[] {
  const rows = samples.map((sample) => {
    const takers = endpoints.filter(({ events }) => isSubscribed(events, sample.type)).map(({ id }) => id);
    return [
      sample.type,
      String(sample.schemaVersion),
      sampleFile(sample),
      takers.join(", ") || "no endpoint",
    ];
  });
  return [
    table(["type", "schema_version", "file", "goes to"], rows),
    ...samples.flatMap((sample) => [
      heading(3, `${sample.type}, version ${sample.schemaVersion}`),
      code("json", JSON.stringify(JSON.parse(sampleBody(sample)), null, 2)),
    ]),
    text("White space is added here for reading; the files hold the exact bytes."),
  ];
}

function verification({ snippets }: PackFacts): Block[] {
  return [
    text(
      "The signature is HMAC-SHA256 over ",
      { code: "webhook-id + '.' + webhook-timestamp + '.' + body" },
      ", keyed with the bytes after ",
      { code: "whsec_" },
      " (base64), written as base64. The body means the bytes as received: verify before you parse them.",
    ),
    table(
      ["language", "file"],
      snippets.map(({ language, file }) => [language, file]),
    ),
    text(
      "Each uses only its standard library. In TypeScript ",
      { code: "@postrider/receiver" },
      " does more: idempotency, adapters for frameworks, and a diagnosis of messages that do not verify. Any Standard Webhooks library also works.",
    ),
  ];
}

function keys({ keys }: PackFacts): Block[] {
  return [
    table(
      ["key", "scheme", "signs until", "public key"],
      keys.map((key) => [
        key.id,
        key.scheme,
        key.retires_at ?? "it is the newest",
        key.public_key ?? "(v1: your secret)",
      ]),
    ),
    text(
      "During a rotation both the old and the new key sign, each with an entry in webhook-signature. Accept a message if one entry fits one of your secrets: add the new secret, wait until the old key has retired, remove the old one.",
    ),
  ];
}

function testing({ testSecret, example, samples }: PackFacts): Block[] {
  const [first] = samples;
  const file = first === undefined ? example.file : sampleFile(first);
  return [
    text(
      "This secret is for tests only. It was made for this folder and everybody can read it here: never use it in production.",
    ),
    code("text", testSecret),
    text(
      "1. Check your code against a fixed message. It is valid at the time it says, and stale 300 s later:",
    ),
    code("sh", curlLine(example)),
    text(
      "2. Send a newly signed message to an endpoint that knows the test secret. To try a repeat, run it again with the id that it printed:",
    ),
    code("sh", `URL=${shellQuoted(example.url)}\n./send-test.sh test-secret.txt "$URL" ${shellQuoted(file)}`),
    text(
      "3. Let the conformance run try everything: stale, tampered, repeated, simultaneous, unordered, large and slow messages:",
    ),
    code("sh", `postrider conformance ${shellQuoted(example.url)} --secret-file test-secret.txt --yes`),
    text("4. If a message does not verify, save its raw body and headers, and ask why:"),
    code("sh", "postrider verify --body body.bin --headers headers.txt --secret-file secret.txt --at signed"),
    text("5. Replace the test secret with your own secret, and ask us for a test postback."),
  ];
}

function curlLine({ id, timestamp, signature, file, url }: PackFacts["example"]): string {
  return [
    `curl -i -X POST ${shellQuoted(url)}`,
    `-H 'content-type: application/json'`,
    `-H ${shellQuoted(`webhook-id: ${id}`)}`,
    `-H ${shellQuoted(`webhook-timestamp: ${timestamp}`)}`,
    `-H ${shellQuoted(`webhook-signature: ${signature}`)}`,
    `--data-binary ${shellQuoted(`@${file}`)}`,
  ].join(" \\\n  ");
}

/** One word for a POSIX shell, whatever it holds. */
export const shellQuoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
