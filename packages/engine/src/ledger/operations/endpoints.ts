import type { EndpointDocument } from "@postrider/contract";
import { parseDurationMs } from "../../core/duration.ts";
import { parseEndpointDocument } from "../../core/documents.ts";
import { PostriderError } from "../../core/errors.ts";
import { lackNotePattern } from "../../core/lack.ts";
import { missingKeyNote, schemes } from "../../core/missing-key.ts";
import type { Endpoint, EndpointCircuit, EndpointOperations } from "../../ports/operations.ts";
import type { CircuitRow } from "../circuits.ts";
import { list } from "../sql.ts";
import { beginCancelDeleted } from "./cancel-deleted.ts";
import { changePartner } from "./change-partner.ts";
import type { OperationsContext } from "./context.ts";
import { checkConstants, checkEndpoint, goesOnWith } from "./endpoint-check.ts";
import { dropOrder } from "./drop-order.ts";
import { isoText, isoTextOrNull } from "./instants.ts";

/** Endpoints. Each change is one transaction: the partner's version, the endpoint and its subscriptions move together. */
export function endpointOperations({
  sql,
  reads,
  allowedTargets,
  changed,
  resumed,
}: OperationsContext): EndpointOperations {
  return {
    async putEndpoint(partner, id, document, nowMs, { by = "local" } = {}) {
      const refusal = checkEndpoint(document, allowedTargets);
      const holdMs = document.order ? parseDurationMs(document.order.max_hold) : null;
      const patterns = list([...new Set(document.events)]);
      const values = [JSON.stringify(document), document.enabled, nowMs, patterns, holdMs];
      const rows = await changePartner(sql, partner, async (tx, partnerNo) => {
        const [before] = await tx.query<BeforeRow>(beforeSql, [partnerNo, id, nowMs]);
        checkKeys(document, before?.schemes ?? [], partner);
        checkConstants(document, before?.constants ?? "{}");
        const stored = before?.document == null ? null : parseEndpointDocument(before.document);
        if (refusal !== null && !goesOnWith(stored, document)) throw refusal;
        const moved = stored !== null && stored.url !== document.url;
        return tx.query<EndpointRow & { readonly created: boolean }>(putSql, [
          partnerNo,
          id,
          ...values,
          moved,
          list(schemes.map(missingKeyNote)),
          lackNotePattern,
          by,
        ]);
      });
      const row = rows?.[0];
      if (!row) return null;
      changed(row.partner_no);
      // The change is committed: what a fault leaves of this, upkeep does.
      if (holdMs === null && !row.created) await dropOrder(sql, nowMs).catch(() => {});
      return { endpoint: endpointView(row, nowMs), created: row.created };
    },

    async getEndpoint(partner, id, nowMs, signal) {
      const [row] = await reads(signal).query<EndpointRow>(`${livingSql} and n.id = $2`, [partner, id]);
      return row ? endpointView(row, nowMs) : null;
    },

    async listEndpoints(partner, nowMs, signal) {
      const rows = await reads(signal).query<EndpointRow | { readonly id: null }>(listSql, [partner]);
      if (rows.length === 0) return null;
      return rows.flatMap((row) => (row.id === null ? [] : [endpointView(row, nowMs)]));
    },

    async deleteEndpoint(partner, id, nowMs) {
      const rows = await changePartner(sql, partner, (tx, partnerNo) =>
        tx.query<{ partner_no: number }>(deleteSql, [partnerNo, id, nowMs]),
      );
      const row = rows?.[0];
      if (!row) return null;
      changed(row.partner_no);
      return { cancelling: await beginCancelDeleted(sql, nowMs) };
    },

    async resumeEndpoint(partner, id, nowMs) {
      const rows = await changePartner(sql, partner, (tx, partnerNo) =>
        tx.query<EndpointRow & { readonly trouble_ms: number | null }>(resumeSql, [partnerNo, id]),
      );
      const row = rows?.[0];
      if (!row) return null;
      changed(row.partner_no);
      if (row.trouble_ms !== null) resumed(row.partner, row.id, row.trouble_ms);
      return endpointView(row, nowMs);
    },
  };
}

/** What a change of an endpoint depends on. */
interface BeforeRow {
  readonly document: string | null;
  /** Those that the partner has a live key for. */
  readonly schemes: readonly string[];
  /** The partner's, as JSON text. */
  readonly constants: string;
}

/** @throws PostriderError `signing_key_missing` */
function checkKeys({ signing }: EndpointDocument, live: readonly string[], partner: string): void {
  const missing = signing.findIndex((scheme) => !live.includes(scheme));
  if (missing === -1) return;
  const scheme = signing[missing];
  const message = `asks for ${scheme} signatures, and the partner ${partner} has no live ${scheme} key`;
  throw new PostriderError("signing_key_missing", `signing ${message}.`, {
    hint: `Make the key first: POST /v1/partners/${partner}/rotate-secret with {"scheme":"${scheme}"}, or postrider partners rotate-secret ${partner} --scheme ${scheme}.`,
    issues: [{ path: `signing[${missing}]`, message }],
  });
}

interface EndpointRow {
  readonly partner_no: number;
  readonly partner: string;
  readonly id: string;
  readonly document: string;
  readonly version: number;
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly held_until_ms: number | null;
  readonly note: string | null;
  readonly circuit: CircuitRow | null;
}

const columns = `n.partner_no, p.id as partner, n.id, n.document::text as document, n.version, n.enabled, n.paused_at is not null as paused,
  extract(epoch from n.held_until)::float8 * 1000 as held_until_ms, n.note,
  (select row_to_json(c) from postrider.circuits c where c.endpoint_no = n.endpoint_no and c.circuit_no = n.circuit_no) as circuit`;

function endpointView(row: EndpointRow, nowMs: number): Endpoint {
  const held = row.held_until_ms !== null && row.held_until_ms > nowMs;
  const document = parseEndpointDocument(row.document);
  return {
    ...document,
    id: row.id,
    partner: row.partner,
    version: row.version,
    state: row.enabled ? (row.paused ? "paused" : held ? "held" : "active") : "disabled",
    held_until: held ? isoTextOrNull(row.held_until_ms) : null,
    note: row.paused || held ? row.note : null,
    circuit: circuitView(row.circuit, document.disable_after, nowMs),
  };
}

/** Half-open is open with its probe due: nothing has to be written for it. */
function circuitView(row: CircuitRow | null, disableAfter: string | null, nowMs: number): EndpointCircuit {
  if (row === null)
    return {
      state: "closed",
      since: null,
      failing_since: null,
      failures: 0,
      next_probe_at: null,
      in_flight_limit: null,
      disabled_at: null,
      refusing_since: null,
      refusals: 0,
    };
  const failingMs = row.failing_since_ms;
  return {
    state: row.probe_at_ms !== null && row.probe_at_ms <= nowMs ? "half_open" : row.state,
    since: row.state === "open" || row.ramp !== null ? isoText(row.since_ms) : null,
    failing_since: isoTextOrNull(failingMs),
    failures: row.failures,
    next_probe_at: isoTextOrNull(row.probe_at_ms),
    in_flight_limit: row.state === "open" ? 1 : row.ramp,
    disabled_at:
      failingMs === null || disableAfter === null ? null : isoText(failingMs + parseDurationMs(disableAfter)),
    refusing_since: row.refusing ? isoTextOrNull(row.refused_since_ms) : null,
    refusals: row.refused,
  };
}

const livingSql = `select ${columns} from postrider.partners p join postrider.endpoints n on n.partner_no = p.partner_no and n.deleted_at is null
 where p.id = $1 and p.deleted_at is null`;

const listSql = `select ${columns} from postrider.partners p left join postrider.endpoints n on n.partner_no = p.partner_no and n.deleted_at is null
 where p.id = $1 and p.deleted_at is null order by n.id`;

/** The stored document goes to JavaScript to be compared: PostgreSQL decodes all strings of a document to find one, and some cannot be. */
const beforeSql = `select (select n.document::text from postrider.endpoints n where n.partner_no = $1::int and n.id = $2 and n.deleted_at is null) as document,
  coalesce((select json_agg(distinct k.scheme) from postrider.signing_keys k
     where k.partner_no = $1::int and (k.retires_at is null or k.retires_at > to_timestamp($3::float8 / 1000))), '[]') as schemes,
  (select p.constants::text from postrider.partners p where p.partner_no = $1::int) as constants`;

/**
 * Under the lock of its partner. Only a new endpoint is inserted: an insert takes a number, also one that ends as an update.
 * A pause or hold ends if the URL changes ($8): it was the answer of another place. So does a pause for a missing key ($9), secret
 * or constant ($10).
 */
const putSql = `with known as (
    update postrider.endpoints n
       set document = $3::text::json, enabled = $4::boolean, version = n.version + 1, updated_at = to_timestamp($5::float8 / 1000),
           order_hold = $7::float8 * interval '1 millisecond',
           paused_at = case when not ($8::boolean or (n.note is not null and (n.note = any($9::text::text[]) or n.note ~ $10))) then n.paused_at end,
           held_until = case when not $8::boolean then n.held_until end,
           note = case when not ($8::boolean or (n.note is not null and (n.note = any($9::text::text[]) or n.note ~ $10))) then n.note end,
           circuit_no = case when $8::boolean then postrider.next_circuit_no(n.circuit_no) else n.circuit_no end
     where n.partner_no = $1::int and n.id = $2 and n.deleted_at is null
    returning n.*
  ), made as (
    insert into postrider.endpoints (partner_no, id, document, enabled, created_at, updated_at, order_hold)
    select $1::int, $2, $3::text::json, $4::boolean, to_timestamp($5::float8 / 1000), to_timestamp($5::float8 / 1000),
           $7::float8 * interval '1 millisecond'
     where not exists (select 1 from postrider.endpoints o where o.partner_no = $1::int and o.id = $2 and o.deleted_at is null)
    returning *
  ), n as (
    select k.*, false as created from known k union all select m.*, true from made m
  ), kept as (
    insert into postrider.endpoint_versions (endpoint_no, version, document, at, by)
    select n.endpoint_no, n.version, n.document, n.updated_at, $11 from n
  ), cleared as (
    delete from postrider.circuits c using n where c.endpoint_no = n.endpoint_no and c.circuit_no <> n.circuit_no
  ), unsubscribed as (
    delete from postrider.subscriptions s using n where s.endpoint_no = n.endpoint_no and s.pattern <> all($6::text::text[])
  ), subscribed as (
    insert into postrider.subscriptions (endpoint_no, partner_no, pattern)
    select n.endpoint_no, n.partner_no, u.pattern from n cross join unnest($6::text::text[]) as u(pattern)
    on conflict do nothing
  )
  select ${columns}, n.created from n join postrider.partners p on p.partner_no = n.partner_no`;

const deleteSql = `with gone as (
    update postrider.endpoints n set deleted_at = to_timestamp($3::float8 / 1000)
     where n.partner_no = $1::int and n.id = $2 and n.deleted_at is null
    returning n.endpoint_no, n.partner_no
  ), circuits as (
    delete from postrider.circuits c using gone g where c.endpoint_no = g.endpoint_no
  ), unsubscribed as (
    delete from postrider.subscriptions s using gone g where s.endpoint_no = g.endpoint_no
  )
  select partner_no from gone`;

/** `trouble_ms`: when the trouble began that ends here: a pause, an open circuit, or refusals of everything; null if the endpoint was well. */
const resumeSql = `with before as (
    select n.endpoint_no, coalesce(c.opened_at_ms, (extract(epoch from n.paused_at) * 1000)::float8,
                                   case when c.refusing then c.refused_since_ms end) as trouble_ms
      from postrider.endpoints n left join postrider.circuits c on c.endpoint_no = n.endpoint_no
     where n.partner_no = $1::int and n.id = $2 and n.deleted_at is null
  ), n as (
    update postrider.endpoints n set paused_at = null, held_until = null, note = null, circuit_no = postrider.next_circuit_no(n.circuit_no)
     where n.partner_no = $1::int and n.id = $2 and n.deleted_at is null
    returning n.*
  ), cleared as (
    delete from postrider.circuits c using n where c.endpoint_no = n.endpoint_no
  )
  select ${columns}, (select b.trouble_ms from before b) as trouble_ms from n join postrider.partners p on p.partner_no = n.partner_no`;
