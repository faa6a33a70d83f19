import { PostriderError } from "../../core/errors.ts";
import { nearestName } from "@postrider/contract";
import type { NameOperations } from "../../ports/operations.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import type { Sql } from "../sql.ts";
import type { OperationsContext } from "./context.ts";

/** What a mistyped name may have meant. */
export function nameOperations({ reads }: OperationsContext): NameOperations {
  return {
    nearestName: ({ partner, endpoint }, signal) =>
      endpoint === undefined
        ? nearest(reads(signal), partnersSql, [partner])
        : nearest(reads(signal), endpointsSql, [endpoint, partner]),
  };
}

/**
 * Refuses a filter whose partner or endpoint never existed: it can match nothing, and an empty answer would look like
 * good news. The names of deleted ones stay allowed, because history keeps them.
 *
 * @throws PostriderError `not_found`, with the nearest name of a living one
 */
export async function checkNames(sql: Pick<Sql, "query">, filter: DeliveryFilter): Promise<void> {
  const { partner, endpoint } = filter;
  if (partner === undefined && endpoint === undefined) return;
  const [known] = await sql.query<{ partner: boolean; endpoint: boolean }>(knownSql, [
    partner ?? null,
    endpoint ?? null,
  ]);
  if (partner !== undefined && known?.partner !== true) {
    const near = didYouMean(await nearest(sql, partnersSql, [partner]));
    throw new PostriderError("not_found", `There is no partner ${partner}, and never was one.`, {
      hint: `${near}List the partners.`,
    });
  }
  if (endpoint === undefined || known?.endpoint === true) return;
  const near = didYouMean(await nearest(sql, endpointsSql, [endpoint, partner ?? null]));
  const [whose, where] =
    partner === undefined
      ? ["No partner has an endpoint", "a partner"]
      : [`The partner ${partner} has no endpoint`, partner];
  throw new PostriderError("not_found", `${whose} ${endpoint}, and never had one.`, {
    hint: `${near}List the endpoints of ${where}.`,
  });
}

async function nearest(
  sql: Pick<Sql, "query">,
  candidates: string,
  [name, ...more]: readonly [string, ...(string | null)[]],
): Promise<string | null> {
  const rows = await sql.query<{ id: string }>(candidates, [name, ...more]);
  return nearestName(
    name,
    rows.map(({ id }) => id),
  );
}

const didYouMean = (near: string | null): string => (near === null ? "" : `Did you mean ${near}? `);

const knownSql = `select exists (select 1 from postrider.partners p where p.id = $1::text) as partner,
  case when $1::text is null then exists (select 1 from postrider.endpoints n where n.id = $2::text)
       else exists (select 1 from postrider.partners p join postrider.endpoints n on n.partner_no = p.partner_no where p.id = $1 and n.id = $2::text)
  end as endpoint`;

/** The names that may be near: of about the same length, with a first or a last letter in common; so few that comparing them takes no time. */
const near = (id: string): string =>
  `abs(length(${id}) - length($1::text)) <= 4 and (left(${id}, 1) = left($1, 1) or right(${id}, 1) = right($1, 1))`;

const few = "order by left(id, 2) = left($1, 2) desc, abs(length(id) - length($1)), id limit 200";

const partnersSql = `select p.id from postrider.partners p where p.deleted_at is null and ${near("p.id")} ${few}`;

const endpointsSql = `select id from (select distinct n.id from postrider.endpoints n join postrider.partners p on p.partner_no = n.partner_no
   where n.deleted_at is null and ($2::text is null or p.id = $2) and ${near("n.id")}) n ${few}`;

/** Types that a mistyped one is compared with; so few that comparing them takes no time. */
const mostCompared = 200;

/**
 * The note if a filter found nothing: its event type may be mistyped. It is not refused as an unknown partner is, because
 * an event of that type may come yet.
 */
export async function noteOnType(
  sql: Pick<Sql, "query">,
  { type }: DeliveryFilter,
): Promise<{ readonly note?: string }> {
  if (type === undefined || type === "*") return {};
  const rows = await sql.query<{ type: string }>("select unnest(postrider.types_like('*')) as type");
  const types = rows.map((row) => row.type);
  const prefix = type.endsWith(".*") ? type.slice(0, -1) : null;
  if (types.some((known) => (prefix === null ? known === type : known.startsWith(prefix)))) return {};
  const prefixes = [...new Set(types.flatMap(prefixesOf))];
  const whole = prefixes.includes(`${type}.*`) ? `${type}.*` : null;
  const candidates = (prefix === null ? types : prefixes).filter(
    (known) => Math.abs(known.length - type.length) <= Math.ceil(type.length / 3),
  );
  const near = whole ?? nearestName(type, candidates.slice(0, mostCompared));
  const what = prefix === null ? `the type ${type}` : `a type that begins with ${prefix}`;
  return { note: `No event of ${what} is in the ledger.${near === null ? "" : ` Did you mean ${near}?`}` };
}

/** `a.b.c` as `a.*` and `a.b.*`. */
function prefixesOf(type: string): string[] {
  const names = type.split(".");
  return names.slice(1).map((_, index) => `${names.slice(0, index + 1).join(".")}.*`);
}
