import { mostNames } from "@postrider/contract";
import { PostriderError } from "../../core/errors.ts";
import { lackNote } from "../../core/lack.ts";
import { namesUsed } from "../../core/names-used.ts";
import type { PartnerSecret, SecretOperations } from "../../ports/operations.ts";
import { secretContext } from "../sealed-rows.ts";
import type { Sql } from "../sql.ts";
import { changePartner } from "./change-partner.ts";
import type { OperationsContext } from "./context.ts";
import { isoText, isoTextOrNull } from "./instants.ts";

/** Setting, listing and removing the secrets of a partner. */
export function secretOperations({ sql, reads, seal, changed }: OperationsContext): SecretOperations {
  return {
    async putSecret(partner, name, value, nowMs) {
      const sealed = seal.close(value, secretContext(partner, name));
      const put = await changePartner(sql, partner, async (tx, partnerNo) => {
        const [row] = await tx.query<{ created: boolean }>(putSql, [
          partnerNo,
          name,
          sealed,
          nowMs,
          mostNames,
        ]);
        if (!row) throw tooMany(partner);
        await tx.query(goOnSql, [partnerNo, lackNote({ kind: "secret", name })]);
        const endpoints = await usersOf(tx, partner, name);
        return { partnerNo, created: row.created, secret: { name, set_at: isoText(nowMs), endpoints } };
      });
      if (put === null) return null;
      changed(put.partnerNo);
      return { secret: put.secret, created: put.created };
    },

    async listSecrets(partner, signal) {
      const [row] = await reads(signal).query<ListRow>(listSql, [partner]);
      return row === undefined ? null : secretViews(row);
    },

    async deleteSecret(partner, name) {
      const deleted = await changePartner(sql, partner, async (tx, partnerNo) => {
        const [endpoint] = await usersOf(tx, partner, name);
        if (endpoint !== undefined) throw inUse(partner, name, endpoint);
        const rows = await tx.query(
          "delete from postrider.partner_secrets where partner_no = $1::int and name = $2 returning name",
          [partnerNo, name],
        );
        return { partnerNo, found: rows.length > 0 };
      });
      if (deleted?.found) changed(deleted.partnerNo);
      return deleted === null ? null : deleted.found;
    },
  };
}

async function usersOf(tx: Pick<Sql, "query">, partner: string, name: string): Promise<readonly string[]> {
  const rows = await tx.query<EndpointRow>(usingSql, [partner]);
  return rows.filter(({ document }) => namesUsed(document).secrets.includes(name)).map(({ id }) => id);
}

/** Those that are set, and those that endpoints use and that are not. */
function secretViews({ secrets, endpoints }: ListRow): readonly PartnerSecret[] {
  const users = new Map<string, string[]>(secrets.map(({ name }) => [name, []]));
  for (const { id, document } of endpoints)
    for (const name of namesUsed(document).secrets) {
      const ids = users.get(name) ?? [];
      ids.push(id);
      users.set(name, ids);
    }
  const setAt = new Map(secrets.map(({ name, set_ms: setMs }) => [name, setMs]));
  return [...users]
    .map(([name, ids]) => ({ name, set_at: isoTextOrNull(setAt.get(name) ?? null), endpoints: ids }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function inUse(partner: string, name: string, endpoint: string): PostriderError {
  return new PostriderError(
    "secret_in_use",
    `The endpoint ${endpoint} of ${partner} uses {secret.${name}}: without it nothing would be sent to it.`,
    { hint: "Take it out of the endpoint first. To give it another value, set it again." },
  );
}

function tooMany(partner: string): PostriderError {
  return new PostriderError("too_many_secrets", `The partner ${partner} has ${mostNames} secrets already.`, {
    hint: "Remove one that no endpoint uses; the list of its secrets says which.",
  });
}

interface EndpointRow {
  readonly id: string;
  readonly document: string;
}

interface ListRow {
  readonly secrets: readonly { readonly name: string; readonly set_ms: number }[];
  readonly endpoints: readonly EndpointRow[];
}

/** Under the lock of its partner. No row: it has as many as it may have, and not this one. */
const putSql = `with known as (
    update postrider.partner_secrets set sealed = $3::bytea, set_at = to_timestamp($4::float8 / 1000)
     where partner_no = $1::int and name = $2
    returning false as created
  ), made as (
    insert into postrider.partner_secrets (partner_no, name, sealed, set_at)
    select $1::int, $2, $3::bytea, to_timestamp($4::float8 / 1000)
     where not exists (select 1 from known)
       and (select count(*) from postrider.partner_secrets where partner_no = $1::int) < $5::int
    returning true as created
  )
  select created from known union all select created from made`;

/** Endpoints that waited for it go on. */
const goOnSql = `update postrider.endpoints set paused_at = null, note = null
 where partner_no = $1::int and deleted_at is null and note = $2`;

/** Those whose documents may use a secret; whether one does is read from the document. */
const usingSql = `select n.id, n.document::text as document
  from postrider.partners p join postrider.endpoints n on n.partner_no = p.partner_no and n.deleted_at is null
 where p.id = $1 and p.deleted_at is null and n.document::text like '%secret%' order by n.id`;

const listSql = `select
  coalesce((select json_agg(json_build_object('name', s.name, 'set_ms', extract(epoch from s.set_at) * 1000))
     from postrider.partner_secrets s where s.partner_no = p.partner_no), '[]') as secrets,
  coalesce((select json_agg(json_build_object('id', n.id, 'document', n.document::text) order by n.id)
     from postrider.endpoints n
    where n.partner_no = p.partner_no and n.deleted_at is null and n.document::text like '%secret%'), '[]') as endpoints
  from postrider.partners p where p.id = $1 and p.deleted_at is null`;
