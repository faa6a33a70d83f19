import { parseEndpointDocument } from "../core/documents.ts";
import { PostriderError } from "../core/errors.ts";
import type { PartnerSettings, StoredKey } from "../ports/ledger.ts";
import type { Seal } from "./seal.ts";
import { sealContext, secretContext } from "./sealed-rows.ts";
import { list, type Sql } from "./sql.ts";

/** Settings of these partners, with their keys and secrets opened: see `SettingsLedger.settings`. */
export async function readPartnerSettings(
  sql: Sql,
  seal: Seal,
  partnerNos: readonly number[],
  nowMs: number,
): Promise<readonly PartnerSettings[]> {
  const rows = await sql.query<SettingsRow>(settingsSql, [list(partnerNos), nowMs]);
  return rows.map((row) => ({
    partnerNo: row.partner_no,
    id: row.id,
    version: Number(row.version),
    ratePerSecond: row.rate_per_second,
    burst: row.burst,
    maxInFlight: row.max_in_flight,
    ...opened(row, seal),
    ...(row.constants === "{}" ? {} : { constants: JSON.parse(row.constants) as Record<string, string> }),
    endpoints: row.endpoints.map((endpoint) => ({
      ...endpoint,
      document: parseEndpointDocument(endpoint.document),
    })),
  }));
}

/** A partner whose keys or secrets cannot be opened is no fault of the others that are read with it. */
function opened(
  { id, keys, secrets }: SettingsRow,
  seal: Seal,
): Pick<PartnerSettings, "keys" | "secrets" | "unreadable"> {
  let sealed: Buffer = Buffer.alloc(0);
  const open = (text: string, context: string) => seal.open((sealed = Buffer.from(text, "base64")), context);
  try {
    const storedKeys = keys.map(
      (key): StoredKey => ({
        scheme: key.scheme,
        secretText: open(key.sealed, sealContext(id)),
        retiresAtMs: key.retires_ms,
      }),
    );
    if (secrets.length === 0) return { keys: storedKeys };
    const values = secrets.map(
      (secret) => [secret.name, open(secret.sealed, secretContext(id, secret.name))] as const,
    );
    return { keys: storedKeys, secrets: new Map(values) };
  } catch (error) {
    if (!(error instanceof PostriderError)) throw error;
    return { keys: [], unreadable: { keyId: seal.foreignKeyId(sealed), error } };
  }
}

interface SettingsRow {
  readonly partner_no: number;
  readonly id: string;
  readonly version: number | string;
  readonly rate_per_second: number | null;
  readonly burst: number | null;
  readonly max_in_flight: number;
  readonly keys: readonly { scheme: "v1" | "v1a"; sealed: string; retires_ms: number | null }[];
  readonly secrets: readonly { name: string; sealed: string }[];
  readonly constants: string;
  readonly endpoints: readonly {
    endpointNo: number;
    id: string;
    version: number;
    circuitNo: number;
    document: string;
  }[];
}

const settingsSql = `select p.partner_no, p.id, p.version, p.rate_per_second, p.burst, p.max_in_flight,
  coalesce((select json_agg(json_build_object('scheme', k.scheme, 'sealed', encode(k.sealed, 'base64'), 'retires_ms', extract(epoch from k.retires_at) * 1000) order by k.key_no desc)
     from postrider.signing_keys k where k.partner_no = p.partner_no and (k.retires_at is null or k.retires_at > to_timestamp($2::float8 / 1000))), '[]') as keys,
  coalesce((select json_agg(json_build_object('name', s.name, 'sealed', encode(s.sealed, 'base64')))
     from postrider.partner_secrets s where s.partner_no = p.partner_no), '[]') as secrets, p.constants::text as constants,
  coalesce((select json_agg(json_build_object('endpointNo', e.endpoint_no, 'id', e.id, 'version', e.version, 'circuitNo', e.circuit_no, 'document', e.document::text))
     from postrider.endpoints e where e.partner_no = p.partner_no and e.deleted_at is null), '[]') as endpoints
  from postrider.partners p where p.partner_no = any($1::text::int[])`;
