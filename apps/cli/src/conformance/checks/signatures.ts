import { createHmac } from "node:crypto";
import { formatSignatureHeader } from "@postrider/protocol";
import { type Check, headerOf, type Probe, withHeader } from "../check.ts";
import { accepted, allOf, refused } from "../judgement.ts";

const overBytes =
  "Verify the signature over the bytes as received, before anything parses them, and refuse what does not match.";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a partner has to let in, and keep out, by signature. */
export const signatureChecks: readonly Check[] = [
  {
    id: "tampered_body",
    severity: "must",
    sent: "a signed message whose event id was changed",
    expected: "400 or 401",
    needsBody: true,
    async run(probe) {
      const request = await probe.message();
      // Still JSON, so that an endpoint that parses first comes as far as its signature check.
      const body = encode(new TextDecoder().decode(request.body).replace('"id":"event-', '"id":"other-'));
      return refused(await probe.send({ ...request, body }), overBytes);
    },
  },
  {
    id: "tampered_bytes",
    severity: "must",
    sent: "a body with an invalid byte, where the replacement character U+FFFD was signed",
    expected: "400 or 401",
    needsBody: true,
    async run(probe) {
      const [before, after] = [encode('{"a":"'), encode('"}')];
      // What a decoder to text makes of an invalid byte is signed, and the invalid byte is sent.
      const request = await probe.message({ body: '{"a":"\ufffd"}' });
      const body = Uint8Array.from([...before, 0xff, ...after]);
      return refused(
        await probe.send({ ...request, body }),
        "Two different bodies were accepted as the same: verify over bytes. Decoding to text first turns every invalid byte into U+FFFD.",
      );
    },
  },
  {
    id: "tampered_signature",
    severity: "must",
    sent: "a signature with one bit changed",
    expected: "400 or 401",
    async run(probe) {
      const request = await probe.message();
      const value = headerOf(request, "webhook-signature");
      const at = value.indexOf(",") + 1;
      const changed = value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1);
      return refused(await probe.send(withHeader(request, "webhook-signature", changed)), overBytes);
    },
  },
  {
    id: "tampered_headers",
    severity: "must",
    sent: "a valid signature under another webhook-id, and under another webhook-timestamp",
    expected: "400 or 401",
    async run(probe) {
      const fix =
        "Verify over `id.timestamp.body`, all three. Otherwise a captured message can be sent again under a new id.";
      const request = await probe.message();
      const later = String(Number(headerOf(request, "webhook-timestamp")) + 1);
      return allOf([
        ["another id", refused(await probe.send(withHeader(request, "webhook-id", probe.newId())), fix)],
        ["another time", refused(await probe.send(withHeader(request, "webhook-timestamp", later)), fix)],
      ]);
    },
  },
  {
    id: "wrong_key",
    severity: "must",
    sent: "a message signed with a secret that was never yours",
    expected: "401",
    async run(probe) {
      const request = await probe.message({ secrets: [probe.strangerSecret] });
      return refused(
        await probe.send(request),
        "Anybody can send you conversions: compare the signature with your own.",
      );
    },
  },
  {
    id: "missing_headers",
    severity: "must",
    sent: "messages without webhook-id, webhook-timestamp, webhook-signature, and without all three",
    expected: "400 or 401",
    async run(probe) {
      const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
      const fix = "Refuse a message that lacks one of the three headers; never fall back to trusting it.";
      const lacking = names.map((name) => [name]).concat([names]);
      const judgements = [];
      for (const missing of lacking) {
        let request = await probe.message();
        for (const name of missing) request = withHeader(request, name, null);
        const label = missing.length > 1 ? "none of them" : `no ${missing.join()}`;
        judgements.push([label, refused(await probe.send(request), fix)] as const);
      }
      return allOf(judgements);
    },
  },
  {
    id: "rotation",
    severity: "must",
    sent: "two signatures, one with a key you do not know, in both orders",
    expected: "2xx",
    async run(probe) {
      const fix =
        "While a key is rotated two keys sign: one match among the entries of webhook-signature is enough.";
      const known = await probe.message({ secrets: [...probe.secrets, probe.strangerSecret] });
      const stranger = await probe.message({ secrets: [probe.strangerSecret, ...probe.secrets] });
      return allOf([
        ["yours first", accepted(await probe.send(known), fix)],
        ["yours last", accepted(await probe.send(stranger), fix)],
      ]);
    },
  },
  {
    id: "unknown_scheme",
    severity: "should",
    sent: "your signature beside one of a scheme that does not exist yet",
    expected: "2xx",
    async run(probe) {
      const request = await probe.message();
      const value = `v9,bm90aGluZyB5b3Uga25vdw== ${headerOf(request, "webhook-signature")}`;
      return accepted(
        await probe.send(withHeader(request, "webhook-signature", value)),
        "Ignore entries of webhook-signature whose scheme you do not know.",
      );
    },
  },
  {
    id: "empty_key",
    severity: "must",
    sent: "a message signed with an empty key, as a receiver does whose secret is not set",
    expected: "401",
    async run(probe) {
      const request = await probe.message();
      const signed = emptyKeySignature(probe, request.body);
      const forged = Object.entries(signed).reduce(
        (all, [name, value]) => withHeader(all, name, value),
        request,
      );
      return refused(
        await probe.send(forged),
        "The secret is empty where your endpoint runs, so everybody knows it: fail at start if it is not set.",
      );
    },
  },
];

function emptyKeySignature(probe: Probe, body: Uint8Array): Record<string, string> {
  const id = probe.newId();
  const timestampSeconds = Math.floor(probe.now() / 1000);
  // By hand, as the protocol refuses such a key.
  const signature = createHmac("sha256", "").update(`${id}.${timestampSeconds}.`).update(body).digest();
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": formatSignatureHeader([{ scheme: "v1", signature }]),
  };
}
