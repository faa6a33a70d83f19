import { parseEndpointDocument } from "../../core/documents.ts";
import type {
  AttemptSource,
  EndpointOperations,
  EndpointVersion,
  EndpointVersionLine,
  VersionOperations,
} from "../../ports/operations.ts";
import type { OperationsContext } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { isoText } from "./instants.ts";
import { idForm } from "./selection.ts";

/** The versions of endpoints' documents. Each row is written by the statement that changes the endpoint. */
export function versionOperations(
  { reads }: OperationsContext,
  { putEndpoint }: Pick<EndpointOperations, "putEndpoint">,
): VersionOperations {
  const operations: VersionOperations = {
    async listEndpointVersions(partner, id, { limit, cursor }, signal) {
      const before = cursor === undefined ? null : Number(decodeCursor(cursor, /^\d{1,10}$/));
      const rows = await reads(signal).query<VersionRow | { readonly version: null }>(listSql, [
        partner,
        id,
        before,
        limit + 1,
      ]);
      if (rows.length === 0) return null;
      const versions = rows.flatMap((row) => (row.version === null ? [] : [versionLine(row)]));
      const last = versions[limit - 1];
      return versions.length <= limit || last === undefined
        ? { versions }
        : { versions: versions.slice(0, limit), next_cursor: encodeCursor(String(last.version)) };
    },

    async getEndpointVersion(partner, id, version, signal) {
      const [row] = await reads(signal).query<VersionRow & { readonly document: string }>(oneSql, [
        partner,
        id,
        version,
      ]);
      return row ? versionView(partner, id, row) : null;
    },

    async restoreEndpointVersion(partner, id, version, nowMs, options) {
      const found = await operations.getEndpointVersion(partner, id, version);
      if (found === null) return null;
      return (await putEndpoint(partner, id, found.document, nowMs, options))?.endpoint ?? null;
    },

    async readAttempt(delivery, n, signal) {
      if (!idForm.test(delivery)) return null;
      const [row] = await reads(signal).query<AttemptRow>(attemptSql, [delivery, n]);
      return row ? attemptSource(row) : null;
    },
  };
  return operations;
}

interface VersionRow {
  readonly version: number;
  readonly at_ms: number;
  readonly by: string | null;
}

const versionLine = ({ version, at_ms, by }: VersionRow): EndpointVersionLine => ({
  version,
  at: isoText(at_ms),
  by,
});

const versionView = (
  partner: string,
  endpoint: string,
  row: VersionRow & { readonly document: string },
): EndpointVersion => ({
  partner,
  endpoint,
  ...versionLine(row),
  document: parseEndpointDocument(row.document),
});

/** A living endpoint of a living partner. */
const living = `postrider.partners p join postrider.endpoints n on n.partner_no = p.partner_no and n.id = $2 and n.deleted_at is null`;

/**
 * The kept versions of `n`, and the one of now: a process of an older Postrider that shares the ledger changes endpoints
 * without keeping the version.
 */
const versions = `(select v.version, v.at, v.by, v.document from postrider.endpoint_versions v where v.endpoint_no = n.endpoint_no
   union all
   select n.version, n.updated_at, null, n.document
    where not exists (select 1 from postrider.endpoint_versions v where v.endpoint_no = n.endpoint_no and v.version = n.version))`;

const columns = "v.version, extract(epoch from v.at)::float8 * 1000 as at_ms, v.by";

/** One row without a version if there are none below the cursor. */
const listSql = `select ${columns} from ${living}
  left join lateral (select * from ${versions} v where $3::int is null or v.version < $3::int order by v.version desc limit $4::int) v on true
 where p.id = $1 and p.deleted_at is null order by v.version desc`;

const oneSql = `select ${columns}, v.document::text as document from ${living}
 cross join lateral ${versions} v
 where p.id = $1 and p.deleted_at is null and v.version = $3::int`;

interface AttemptRow {
  readonly id: string;
  readonly n: number;
  readonly at_ms: number;
  readonly status: number | null;
  readonly partner: string;
  readonly endpoint: string;
  readonly endpoint_version: number;
  readonly item: number | null;
  readonly items: number | null;
  readonly document: string | null;
  readonly latest: string;
  /** As JSON text. */
  readonly constants: string;
  readonly constants_ms: number | null;
  readonly secrets: readonly { readonly name: string; readonly set_ms: number }[];
  readonly event_id: string | null;
  readonly type: string;
  readonly schema_version: number;
  readonly occurred_at: string;
  readonly accepted_ms: number;
  readonly data: string;
}

/** If two rows have the number, the later one: it is the one that was recorded last. */
const attemptSql = `select d.id, a.n, extract(epoch from a.at)::float8 * 1000 as at_ms, a.status, p.id as partner, n.id as endpoint, a.endpoint_version, d.item, d.items,
  (select v.document::text from ${versions} v where v.version = a.endpoint_version) as document, n.document::text as latest,
  p.constants::text as constants, extract(epoch from p.constants_at)::float8 * 1000 as constants_ms,
  (select coalesce(json_agg(json_build_object('name', s.name, 'set_ms', extract(epoch from s.set_at) * 1000)), '[]')
     from postrider.partner_secrets s where s.partner_no = p.partner_no) as secrets,
  e.event_id, e.type, e.schema_version, e.occurred_at, extract(epoch from e.accepted_at)::float8 * 1000 as accepted_ms, e.data::text as data
  from postrider.deliveries d
  join postrider.partners p on p.partner_no = d.partner_no
  join postrider.endpoints n on n.endpoint_no = d.endpoint_no
 cross join lateral (select * from postrider.attempts a where a.delivery = d.id and ($2::int is null or a.n = $2::int) order by a.n desc, a.at desc limit 1) a
  left join postrider.events e on e.id = d.event
 where d.id = $1::uuid`;

function attemptSource(row: AttemptRow): AttemptSource {
  return {
    delivery: row.id,
    n: row.n,
    atMs: row.at_ms,
    item: row.item === null ? null : { n: row.item, of: row.items! },
    status: row.status,
    partner: row.partner,
    endpoint: row.endpoint,
    endpointVersion: row.endpoint_version,
    document: row.document === null ? null : parseEndpointDocument(row.document),
    latestDocument: parseEndpointDocument(row.latest),
    constants: JSON.parse(row.constants) as AttemptSource["constants"],
    constantsChangedMs: row.constants_ms,
    secretsSetMs: new Map(row.secrets.map(({ name, set_ms }) => [name, set_ms])),
    event:
      row.event_id === null
        ? null
        : {
            eventId: row.event_id,
            type: row.type,
            schemaVersion: row.schema_version,
            occurredAt: row.occurred_at,
            acceptedAtMs: row.accepted_ms,
            dataText: row.data,
          },
  };
}
