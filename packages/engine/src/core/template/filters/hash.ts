import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";
import { textOf, type Value } from "../value.ts";
import {
  type Argument,
  type ArgumentFault,
  type BoundFilter,
  changing,
  type FilterDefinition,
  type FilterFamily,
  type Filtered,
  invalid,
  texts,
  type ValueType,
} from "./filter.ts";

const algorithms = ["md5", "sha1", "sha256", "sha512"] as const;
type Algorithm = (typeof algorithms)[number];

/**
 * A digest on its way to the filter that writes it: one character per byte (Latin-1), so that it needs no type of its own
 * among the values. The reader of macros puts `|hex` behind it if the operator put nothing.
 */
type ByteText = string;

function hashFilter(algorithm: Algorithm): FilterDefinition {
  const bound = changing((text): ByteText => hash(algorithm, text, "latin1"), { gives: "digest" });
  return { usage: `|${algorithm}`, parameters: [], takes: texts, bind: () => bound };
}

const noKey = invalid("takes the partner's secret as its key, and the partner has none of that name");

/** The key object of the last key: making one costs more than the HMAC. */
function keyCache(): (key: string) => KeyObject {
  let last: string | null = null;
  let object: KeyObject | null = null;
  return (key) => {
    if (object === null || key !== last) {
      last = key;
      object = createSecretKey(key, "utf8");
    }
    return object;
  };
}

function bindHmac(algorithm: Argument | undefined, key: Argument | undefined): BoundFilter | ArgumentFault {
  const name = algorithms.find((known) => algorithm?.kind === "text" && known === algorithm.text);
  if (name === undefined)
    return {
      argument: 0,
      message: `Name the hash, one of ${algorithms.join(", ")}: |hmac:"sha256",secret.key.`,
    };
  if (key?.kind !== "path" || key.path.root !== "secret")
    return {
      argument: 1,
      message:
        'The key is a secret of the partner, so that it is stored sealed and shown nowhere: |hmac:"sha256",secret.key.',
    };
  const keyOf = keyCache();
  const sign = (text: string, operand: Value): Filtered => {
    const secret = textOf(operand);
    return secret === "" ? noKey : createHmac(name, keyOf(secret)).update(text, "utf8").digest("latin1");
  };
  return changing(sign, { gives: "digest", operand: key.path });
}

const written: readonly ValueType[] = [...texts, "digest"];

function encoding(usage: string, form: "hex" | "base64" | "base64url"): FilterDefinition {
  const ofDigest = changing((bytes: ByteText) => Buffer.from(bytes, "latin1").toString(form), {
    gives: "code",
  });
  const ofText = changing((text) => Buffer.from(text, "utf8").toString(form), { gives: "code" });
  return {
    usage,
    parameters: [],
    takes: written,
    bind: (_, input) => (input === "digest" ? ofDigest : ofText),
  };
}

const lowerHex = /^[0-9a-f]{64}$/;

/**
 * Hashes of the value's UTF-8, and the forms in which bytes are written: `hex` (lower case), `base64` (RFC 4648 section
 * 4), `base64url` (section 5, without padding). `hashed` lets through what is a SHA-256 in hex already.
 */
export const hashFilters: FilterFamily = {
  md5: hashFilter("md5"),
  sha1: hashFilter("sha1"),
  sha256: hashFilter("sha256"),
  sha512: hashFilter("sha512"),
  hmac: {
    usage: '|hmac:"sha256",secret.key',
    parameters: [{ kinds: ["text"] }, { kinds: ["path", "text"], isKey: true }],
    takes: texts,
    bind: ([algorithm, key]) => bindHmac(algorithm, key),
  },
  hex: encoding("|hex", "hex"),
  base64: encoding("|base64", "base64"),
  base64url: encoding("|base64url", "base64url"),
  hashed: {
    usage: "|hashed",
    parameters: [],
    takes: ["any", "text", "code"],
    bind: () =>
      changing((text) => (lowerHex.test(text) ? text : undefined), { gives: "code", empties: true }),
  },
};
