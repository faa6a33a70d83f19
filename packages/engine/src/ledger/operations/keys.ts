import { randomBytes } from "node:crypto";
import {
  generateKeyPair,
  generateSecret,
  isProtocolError,
  maxSignatures,
  parseSecret,
  publicKeyOf,
} from "@postrider/protocol";
import { PostriderError } from "../../core/errors.ts";
import { missingKeyNote, type Scheme } from "../../core/missing-key.ts";
import { parseEndpointDocument } from "../../core/documents.ts";
import type { KeyOperations, MissingKey, SigningKey } from "../../ports/operations.ts";
import type { Seal } from "../seal.ts";
import { sealContext } from "../sealed-rows.ts";
import type { Sql } from "../sql.ts";
import { changePartner } from "./change-partner.ts";
import type { OperationsContext } from "./context.ts";
import { isoText, isoTextOrNull } from "./instants.ts";

/** Rotating and listing a partner's signing keys. */
export function keyOperations({ sql, reads, seal, changed }: OperationsContext): KeyOperations {
  return {
    listKeys: async (id, nowMs, signal) =>
      (await reads(signal).query<KeyRow>(keysSql, [id, nowMs])).map(signingKey),

    async missingKeys(nowMs, signal) {
      const rows = await reads(signal).query<CandidateRow>(candidatesSql, [nowMs]);
      return rows
        .flatMap(({ partner, endpoint, document, live }): MissingKey[] => {
          const { signing } = parseEndpointDocument(document);
          const scheme = signing.find((one) => !live.includes(one));
          return scheme === undefined ? [] : [{ partner, endpoint, scheme }];
        })
        .slice(0, missingLimit);
    },

    async rotateSecret(id, { overlapMs, scheme, secret }, nowMs) {
      const made = secret === undefined ? await generateKey(scheme) : await givenKey(scheme, secret);
      const sealed = seal.close(made.secretText, sealContext(id));
      const rotated = await changePartner(sql, id, async (tx, partnerNo) => {
        if (secret !== undefined)
          await dropSame(tx, seal, { id, partnerNo, scheme, text: made.secretText, nowMs });
        await checkRoom(tx, partnerNo, { scheme, overlapMs, nowMs });
        await tx.query(rotateSql, [partnerNo, scheme, sealed, made.publicKey, nowMs, nowMs + overlapMs]);
        await tx.query(goOnSql, [partnerNo, missingKeyNote(scheme)]);
        // Before the commit: after it a fault would lose the secret, which signs already and which nobody was shown.
        return { partnerNo, keys: (await tx.query<KeyRow>(keysSql, [id, nowMs])).map(signingKey) };
      });
      if (rotated === null) return null;
      changed(rotated.partnerNo);
      return {
        signingSecret: made.signingSecret,
        publicKey: made.publicKey,
        keys: rotated.keys,
      };
    },
  };
}

/**
 * Refuses the rotation after which a request would carry more signatures than receivers read. All keys of the partner
 * count, of both schemes: any of its endpoints may ask for both. Without an overlap it is always allowed, since a secret that
 * leaked must be replaced at once.
 *
 * @throws PostriderError `too_many_keys`
 */
async function checkRoom(
  tx: Pick<Sql, "query">,
  partnerNo: number,
  { scheme, overlapMs, nowMs }: { scheme: Scheme; overlapMs: number; nowMs: number },
): Promise<void> {
  if (overlapMs === 0) return;
  const [live] = await tx.query<LiveRow>(liveSql, [partnerNo, nowMs]);
  if (live === undefined || live.count < maxSignatures) return;
  const wait =
    live.next_ms === null
      ? "Rotate"
      : `Wait until the next older key retires at ${isoText(live.next_ms)}, or rotate`;
  throw new PostriderError(
    "too_many_keys",
    `The partner has ${live.count} live signing keys, and a request is signed with ${maxSignatures} at most.`,
    { hint: `${wait} with an overlap of 0s: the older ${scheme} keys then retire at once.` },
  );
}

/**
 * A key that the operator provides. Errors and answers never hold its text.
 *
 * @throws PostriderError `invalid_secret`
 */
export async function givenKey(scheme: Scheme, text: string) {
  const kind = scheme === "v1" ? "whsec" : "whsk";
  try {
    const secret = parseSecret(text);
    if (secret.kind !== kind)
      throw wrongSecret(`A ${scheme} key is a ${kind}_ secret, and this is a ${secret.kind}_.`);
    const publicKey = scheme === "v1" ? null : (await publicKeyOf(secret)).reveal().text;
    return { secretText: secret.reveal().text, signingSecret: null, publicKey };
  } catch (error) {
    throw isProtocolError(error) ? wrongSecret(error.message) : error;
  }
}

/**
 * A secret is stored once for each partner: twice, it would make the same signature twice in each request. If an older
 * key that has not retired yet has it, the new key takes its place.
 *
 * @throws PostriderError `invalid_secret` if the key that signs has it
 */
async function dropSame(
  tx: Pick<Sql, "query">,
  seal: Seal,
  key: {
    readonly id: string;
    readonly partnerNo: number;
    readonly scheme: Scheme;
    readonly text: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const bytesOf = (text: string) =>
    parseSecret(text)
      .reveal()
      .bytes.subarray(0, key.scheme === "v1" ? undefined : 32);
  const given = Buffer.from(bytesOf(key.text));
  const rows = await tx.query<{ key_no: number; sealed: Uint8Array; current: boolean }>(liveKeysSql, [
    key.partnerNo,
    key.scheme,
    key.nowMs,
  ]);
  for (const { key_no, sealed, current } of rows) {
    if (!given.equals(bytesOf(seal.open(sealed, sealContext(key.id))))) continue;
    if (current) throw sameSecret(key.id, key.scheme);
    await tx.query("delete from postrider.signing_keys where key_no = $1::int", [key_no]);
  }
}

const sameSecret = (id: string, scheme: Scheme) =>
  new PostriderError("invalid_secret", `The partner ${id} signs with this ${scheme} secret already.`, {
    hint: "Nothing was changed. Give another secret, or none for a new one.",
    issues: [{ path: "signing_secret", message: "must not be the one that signs already" }],
  });

const wrongSecret = (message: string) =>
  new PostriderError("invalid_secret", message, {
    hint: "Give whsec_ and the padded base64 of 24 to 64 bytes, or for v1a whsk_ and that of the 32-byte seed, with or without the public key behind it.",
    issues: [{ path: "signing_secret", message }],
  });

/** A new key: what is sealed, and what its owner is shown (an HMAC secret, or the public half of a pair). */
async function generateKey(scheme: "v1" | "v1a") {
  if (scheme === "v1") {
    const secretText = newSecretText();
    return { secretText, signingSecret: secretText, publicKey: null };
  }
  const { privateKey, publicKey } = await generateKeyPair(randomBytes);
  return { secretText: privateKey.reveal().text, signingSecret: null, publicKey: publicKey.reveal().text };
}

/** The text of a new `whsec_` secret. */
export const newSecretText = (): string => generateSecret(randomBytes).reveal().text;

const missingLimit = 20;

interface CandidateRow {
  readonly partner: string;
  readonly endpoint: string;
  readonly document: string;
  readonly live: readonly string[];
}

/** The text of a document shows which may ask for a scheme; whether it does is read from the document. */
const candidatesSql = `select p.id as partner, n.id as endpoint, n.document::text as document, k.live
  from postrider.partners p
 cross join lateral (select coalesce(json_agg(distinct k.scheme), '[]') as live, coalesce(bool_or(k.scheme = 'v1'), false) as v1,
     coalesce(bool_or(k.scheme = 'v1a'), false) as v1a
     from postrider.signing_keys k where k.partner_no = p.partner_no and (k.retires_at is null or k.retires_at > to_timestamp($1::float8 / 1000))) k
  join postrider.endpoints n on n.partner_no = p.partner_no and n.deleted_at is null
 where p.deleted_at is null and (not k.v1 and n.document::text like '%"v1"%' or not k.v1a and n.document::text like '%"v1a"%')
 order by p.id, n.id limit 200`;

interface LiveRow {
  readonly count: number;
  /** When the first of them retires, or null. */
  readonly next_ms: number | null;
}

interface KeyRow {
  readonly key_no: number;
  readonly scheme: "v1" | "v1a";
  readonly public_key: string | null;
  readonly created_ms: number;
  readonly retires_ms: number | null;
}

const signingKey = (row: KeyRow): SigningKey => ({
  id: `key_${row.key_no}`,
  scheme: row.scheme,
  public_key: row.public_key,
  created_at: isoText(row.created_ms),
  retires_at: isoTextOrNull(row.retires_ms),
});

const keysSql = `select k.key_no, k.scheme, k.public_key, extract(epoch from k.created_at)::float8 * 1000 as created_ms,
  extract(epoch from k.retires_at)::float8 * 1000 as retires_ms
  from postrider.signing_keys k join postrider.partners p on p.partner_no = k.partner_no and p.deleted_at is null
 where p.id = $1 and (k.retires_at is null or k.retires_at > to_timestamp($2::float8 / 1000)) order by k.key_no desc`;

const liveKeysSql = `select k.key_no, k.sealed, k.retires_at is null as current from postrider.signing_keys k
 where k.partner_no = $1::int and k.scheme = $2 and (k.retires_at is null or k.retires_at > to_timestamp($3::float8 / 1000)) order by k.key_no desc`;

const liveSql = `select count(*)::int as count, extract(epoch from min(k.retires_at))::float8 * 1000 as next_ms
  from postrider.signing_keys k
 where k.partner_no = $1::int and (k.retires_at is null or k.retires_at > to_timestamp($2::float8 / 1000))`;

/** Endpoints that waited for a key of this scheme go on. */
const goOnSql = `update postrider.endpoints set paused_at = null, note = null
 where partner_no = $1::int and deleted_at is null and note = $2`;

/** What has retired before is deleted: a secret that signs nothing any more is only a risk. */
const rotateSql = `with gone as (
    delete from postrider.signing_keys where partner_no = $1::int and retires_at <= to_timestamp($5::float8 / 1000)
  ), retired as (
    update postrider.signing_keys set retires_at = to_timestamp($6::float8 / 1000)
     where partner_no = $1::int and scheme = $2
       and (retires_at is null or (retires_at > to_timestamp($5::float8 / 1000) and retires_at > to_timestamp($6::float8 / 1000)))
  )
  insert into postrider.signing_keys (partner_no, scheme, sealed, public_key, created_at)
  values ($1::int, $2, $3::bytea, $4::text, to_timestamp($5::float8 / 1000))`;
