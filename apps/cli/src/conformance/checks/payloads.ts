import type { Check, Sample } from "../check.ts";
import { accepted, replyWords } from "../judgement.ts";

const kib = 1024;
const largeBytes = 256 * kib;
const promptMs = 2_000;
const slowPieces = 6;
const slowPauseMs = 500;
const unknownVersion = 999_999;

/** Escapes, white space and order of keys that no serializer writes. */
const unusual = ({ type, schemaVersion, dataText }: Sample, id: string): string =>
  [
    `{ "type" :${JSON.stringify(type)}`,
    `  "data": ${dataText}`,
    String.raw`"id":"\u0065vent-${id}\/"`,
    `"schema_version": ${schemaVersion}`,
    `"timestamp":"2026-01-31T10:00:00.000Z" }`,
  ].join(" ,\n");

/** Bodies as they may come. */
export const payloadChecks: readonly Check[] = [
  {
    id: "prompt",
    severity: "should",
    sent: "a valid message",
    expected: "an answer within 2 s",
    async run(probe) {
      const reply = await probe.send(await probe.message());
      const came = `${replyWords(reply)} after ${reply.durationMs} ms`;
      return reply.durationMs <= promptMs
        ? { outcome: "pass", came }
        : { outcome: "fail", came, fix: "Store the message, answer 200, and do the work afterwards." };
    },
  },
  {
    id: "exact_bytes",
    severity: "must",
    sent: "a valid message with white space, escapes and key order of its own",
    expected: "2xx",
    needsBody: true,
    async run(probe) {
      return accepted(
        await probe.send(await probe.message({ body: unusual(probe.sample, probe.newId()) })),
        "The body was parsed and written again before verifying: take the raw bytes, not JSON.stringify of what a parser made.",
      );
    },
  },
  {
    id: "unknown_fields",
    severity: "must",
    sent: "a valid message with fields that you do not know, in the envelope and in data",
    expected: "2xx",
    needsBody: true,
    async run(probe) {
      const data = {
        ...(JSON.parse(probe.sample.dataText) as object),
        conformance_extra: { nested: [1, null] },
      };
      const request = await probe.message({ event: { dataText: JSON.stringify(data) } });
      const text = new TextDecoder().decode(request.body);
      const body = `${text.slice(0, -1)},"conformance_extra":true}`;
      return accepted(
        await probe.send(await probe.message({ body })),
        "Ignore fields that you do not know: new ones can come without a new schema_version.",
      );
    },
  },
  {
    id: "unknown_schema_version",
    severity: "should",
    sent: `a valid message of schema_version ${unknownVersion}`,
    expected: "422 with the versions you support, or 2xx if you do not look",
    needsBody: true,
    async run(probe) {
      const reply = await probe.send(await probe.message({ event: { schemaVersion: unknownVersion } }));
      if (reply.status === 422) return { outcome: "pass", came: replyWords(reply) };
      return accepted(
        reply,
        'Answer 422 {"error":"schema_version_unknown","supported":[1]}: it says what to do, and 5xx only brings retries.',
      );
    },
  },
  {
    id: "not_json",
    severity: "should",
    sent: "a validly signed body that is not JSON",
    expected: "4xx or 2xx, not 5xx",
    needsBody: true,
    async run(probe) {
      const reply = await probe.send(await probe.message({ body: "no json" }));
      const came = replyWords(reply);
      if (reply.status !== null && reply.status < 500) return { outcome: "pass", came };
      return {
        outcome: "fail",
        came,
        fix: "Catch what your JSON parser throws, and answer 400: no retry will correct the body.",
      };
    },
  },
  {
    id: "large_body",
    severity: "must",
    sent: "a valid message of 256 KiB",
    expected: "2xx",
    needsBody: true,
    async run(probe) {
      const data = {
        ...(JSON.parse(probe.sample.dataText) as object),
        conformance_padding: "x".repeat(largeBytes),
      };
      const reply = await probe.send(await probe.message({ event: { dataText: JSON.stringify(data) } }));
      return accepted(reply, "Raise the body limit to 1 MiB; many frameworks stop at 100 kB.");
    },
  },
  {
    id: "slow_sending",
    severity: "should",
    sent: `a valid message in ${slowPieces} pieces over ${(slowPieces * slowPauseMs) / 1000} s`,
    expected: "2xx",
    needsBody: true,
    async run(probe) {
      const request = await probe.message();
      const pieces = { count: slowPieces, pause: () => probe.sleep(slowPauseMs) };
      return accepted(
        await probe.send({ ...request, pieces }),
        "Wait for the whole body before verifying, for 10 s at least: networks are slow at times.",
      );
    },
  },
];
