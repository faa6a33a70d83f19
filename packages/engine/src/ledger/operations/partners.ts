import { formatDurationMs } from "@postrider/contract";
import { parseDurationMs } from "../../core/duration.ts";
import { PostriderError } from "../../core/errors.ts";
import type { Partner, PartnerEndpoints, PartnerOperations } from "../../ports/operations.ts";
import { lackNote } from "../../core/lack.ts";
import { missingMasterKeysSql, sealContext } from "../sealed-rows.ts";
import { list } from "../sql.ts";
import { beginCancelDeleted } from "./cancel-deleted.ts";
import { changePartner } from "./change-partner.ts";
import type { OperationsContext } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { isoText } from "./instants.ts";
import { checkTexts } from "./endpoint-check.ts";
import { givenKey, newSecretText } from "./keys.ts";

/** Each is in vain only if somebody deletes the partner in the same moment. */
const mostPuts = 10;

/** Partners. A deleted one stays as a row for history; its id can be used again. */
export function partnerOperations({ sql, reads, seal, changed }: OperationsContext): PartnerOperations {
  return {
    async putPartner(id, document, nowMs, { secret } = {}) {
      checkTexts("partner document", document);
      const secretText = secret === undefined ? newSecretText() : (await givenKey("v1", secret)).secretText;
      const constantNotes = Object.keys(document.constants).map((name) =>
        lackNote({ kind: "constant", name }),
      );
      const put = () =>
        sql.query<PartnerRow & { readonly created: boolean }>(putSql, [
          id,
          document.name,
          document.rate_per_second,
          document.burst,
          document.max_in_flight,
          nowMs,
          seal.close(secretText, sealContext(id)),
          document.silent_after === null ? null : parseDurationMs(document.silent_after),
          document.max_backlog,
          secret !== undefined,
          JSON.stringify(document.constants),
          list(constantNotes),
        ]);
      let [row] = await put();
      // A partner that is deleted in the same moment is there for the insert and gone for the update.
      for (let n = 1; !row && secret === undefined && n < mostPuts; n += 1) [row] = await put();
      if (!row && secret !== undefined) throw secretOfKnownPartner(id);
      if (!row) throw new PostriderError("internal", "The ledger did not answer with the partner it stored.");
      changed(row.partner_no);
      return {
        partner: partnerView(row),
        created: row.created,
        signingSecret: row.created && secret === undefined ? secretText : null,
      };
    },

    async getPartner(id, signal) {
      const [row] = await reads(signal).query<PartnerRow & { readonly missing: readonly string[] | null }>(
        `select ${columns}, (${missingMasterKeysSql}) as missing from postrider.partners p where p.id = $1 and p.deleted_at is null`,
        [id],
      );
      if (!row) return null;
      return row.missing === null
        ? partnerView(row)
        : { ...partnerView(row), missing_master_keys: row.missing };
    },

    async listPartners({ limit, cursor }, signal) {
      const after = cursor === undefined ? "" : decodeCursor(cursor, /^[^\0]+$/);
      const rows = await reads(signal).query<PartnerRow>(listSql, [after, limit + 1]);
      const partners = rows.slice(0, limit).map(partnerView);
      const last = partners.at(-1);
      return rows.length > limit && last ? { partners, next_cursor: encodeCursor(last.id) } : { partners };
    },

    async deletePartner(id, nowMs) {
      const rows = await changePartner(sql, id, (tx, partnerNo) =>
        tx.query<{ partner_no: number }>(deleteSql, [partnerNo, nowMs]),
      );
      const row = rows?.[0];
      if (!row) return null;
      changed(row.partner_no);
      return { cancelling: await beginCancelDeleted(sql, nowMs) };
    },

    async setPartnerState(id, state, nowMs) {
      const [row] = await sql.query<PartnerRow>(stateSql, [id, state === "paused", nowMs]);
      if (!row) return null;
      changed(row.partner_no);
      return partnerView(row);
    },
  };
}

function secretOfKnownPartner(id: string): PostriderError {
  const message = "is taken only when the partner is created, and the partner exists";
  return new PostriderError("invalid_request", `signing_secret ${message}.`, {
    hint: `Give it to POST /v1/partners/${id}/rotate-secret: the older key then signs too until the overlap ends.`,
    issues: [{ path: "signing_secret", message }],
  });
}

interface PartnerRow {
  readonly partner_no: number;
  readonly id: string;
  readonly name: string;
  readonly rate_per_second: number | null;
  readonly burst: number | null;
  readonly max_in_flight: number;
  readonly silent_after_ms: number | null;
  readonly max_backlog: number | null;
  readonly constants: string;
  readonly paused: boolean;
  readonly endpoints: PartnerEndpoints;
  readonly created_ms: number;
  readonly updated_ms: number;
}

const columns = `p.partner_no, p.id, p.name, p.rate_per_second, p.burst, p.max_in_flight, p.silent_after_ms, p.max_backlog, p.constants::text as constants, p.paused,
  (select json_build_object('total', count(*), 'paused', count(*) filter (where n.enabled and n.paused_at is not null),
                            'open', count(*) filter (where c.state = 'open'), 'refusing', count(*) filter (where c.refusing),
                            'failing', count(*) filter (where c.state = 'closed' and (c.failing_since_ms is not null or c.ramp is not null)))
     from postrider.endpoints n left join postrider.circuits c on c.endpoint_no = n.endpoint_no and c.circuit_no = n.circuit_no
    where n.partner_no = p.partner_no and n.deleted_at is null) as endpoints,
  extract(epoch from p.created_at)::float8 * 1000 as created_ms, extract(epoch from p.updated_at)::float8 * 1000 as updated_ms`;

function partnerView(row: PartnerRow): Partner {
  return {
    id: row.id,
    name: row.name,
    rate_per_second: row.rate_per_second,
    burst: row.burst,
    max_in_flight: row.max_in_flight,
    silent_after: row.silent_after_ms === null ? null : formatDurationMs(row.silent_after_ms),
    max_backlog: row.max_backlog,
    constants: JSON.parse(row.constants) as Partner["constants"],
    state: row.paused ? "paused" : "active",
    endpoints: row.endpoints,
    created_at: isoText(row.created_ms),
    updated_at: isoText(row.updated_ms),
  };
}

/**
 * With a secret given ($10) an existing partner is left as it is. Updated first, and inserted only if it is new: an insert takes
 * a number, also one that ends as an update. Two that make the same partner in the same moment may still both take one.
 * `xmax = 0` distinguishes an inserted row from an updated one.
 */
const putSql = `with known as (
    update postrider.partners p
       set name = $2, rate_per_second = $3::float8, burst = $4::int, max_in_flight = $5::int, silent_after_ms = $8::float8, max_backlog = $9::int,
           constants_at = case when p.constants::text = $11::text then p.constants_at else to_timestamp($6::float8 / 1000) end,
           constants = $11::text::json, version = postrider.next_version(p.version), updated_at = to_timestamp($6::float8 / 1000)
     where p.id = $1 and p.deleted_at is null and not $10::boolean
    returning p.*
  ), made as (
    insert into postrider.partners as p (id, name, rate_per_second, burst, max_in_flight, silent_after_ms, max_backlog, constants, created_at, updated_at)
    select $1, $2, $3::float8, $4::int, $5::int, $8::float8, $9::int, $11::text::json, to_timestamp($6::float8 / 1000), to_timestamp($6::float8 / 1000)
     where not exists (select 1 from postrider.partners o where o.id = $1 and o.deleted_at is null)
    on conflict (id) where deleted_at is null do update
       set name = excluded.name, rate_per_second = excluded.rate_per_second, burst = excluded.burst,
           max_in_flight = excluded.max_in_flight, silent_after_ms = excluded.silent_after_ms, max_backlog = excluded.max_backlog,
           constants_at = case when p.constants::text = excluded.constants::text then p.constants_at else excluded.updated_at end,
           constants = excluded.constants, version = postrider.next_version(p.version), updated_at = excluded.updated_at
     where not $10::boolean
    returning p.*, p.xmax = 0 as created
  ), p as (
    select k.*, false as created from known k union all select m.* from made m
  ), gone_on as (
    -- Endpoints that waited for a constant which is there now.
    update postrider.endpoints n set paused_at = null, note = null from p
     where n.partner_no = p.partner_no and n.deleted_at is null and n.note = any($12::text::text[])
  ), runtime as (
    insert into postrider.partner_runtime (partner_no) select partner_no from p where created
  ), key as (
    insert into postrider.signing_keys (partner_no, scheme, sealed, created_at) select partner_no, 'v1', $7::bytea, created_at from p where created
  )
  select ${columns}, p.created from p`;

const listSql = `select ${columns} from postrider.partners p where p.deleted_at is null and p.id > $1 order by p.id limit $2::int`;

const stateSql = `update postrider.partners p set paused = $2::boolean, version = postrider.next_version(p.version), updated_at = to_timestamp($3::float8 / 1000)
 where p.id = $1 and p.deleted_at is null returning ${columns}`;

/** Its keys and secrets go at once: nothing will be signed or sent with them again. */
const deleteSql = `with gone as (
    update postrider.partners set deleted_at = to_timestamp($2::float8 / 1000) where partner_no = $1::int returning partner_no
  ), endpoints as (
    update postrider.endpoints n set deleted_at = to_timestamp($2::float8 / 1000) from gone g where n.partner_no = g.partner_no and n.deleted_at is null
  ), circuits as (
    delete from postrider.circuits c using gone g where c.partner_no = g.partner_no
  ), subscriptions as (
    delete from postrider.subscriptions s using gone g where s.partner_no = g.partner_no
  ), keys as (
    delete from postrider.signing_keys k using gone g where k.partner_no = g.partner_no
  ), secrets as (
    delete from postrider.partner_secrets s using gone g where s.partner_no = g.partner_no
  )
  select partner_no from gone`;
