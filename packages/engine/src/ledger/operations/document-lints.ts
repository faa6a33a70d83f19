import { namesUsed } from "../../core/names-used.ts";
import {
  findOpenCredentials,
  type OpenDocument,
  openCredentialMessage,
} from "../../core/open-credentials.ts";
import type { EndpointDocument } from "../../core/documents.ts";
import {
  findHandwrittenJson,
  findPersonalLiterals,
  handwrittenJsonMessage,
} from "../../core/template/index.ts";
import type { EndpointWarning } from "../../ports/operations.ts";
import type { OperationsContext } from "./context.ts";

/** Documents in one statement: each may have 64 kB. */
const pageSize = 200;
/** Documents looked at in one call, and warnings that it answers with: it is advice. */
const mostDocuments = 20_000;
const mostWarnings = 100;

/**
 * What is most likely wrong with stored documents, without a look at events: credentials that stand in them as they are,
 * JSON text that is written by hand, and secrets that were never set.
 *
 * @param only an endpoint, or all of a partner. Default: all
 */
export async function lintDocuments(
  reads: OperationsContext["reads"],
  only: { readonly partner: string; readonly endpoint?: string } | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly EndpointWarning[]> {
  const warnings: EndpointWarning[] = [];
  let after = 0;
  for (let looked = 0; looked < mostDocuments && warnings.length < mostWarnings; looked += pageSize) {
    const rows = await reads(signal).query<LintRow & { readonly endpoint_no: number }>(pageSql, [
      after,
      pageSize,
      only?.partner ?? null,
      only?.endpoint ?? null,
    ]);
    warnings.push(...rows.flatMap(lintsOf));
    if (rows.length < pageSize) break;
    after = rows.at(-1)!.endpoint_no;
  }
  return warnings.slice(0, mostWarnings);
}

/** The same of one document, stored or not. */
export async function lintDraft(
  reads: OperationsContext["reads"],
  {
    partner,
    endpoint,
    document,
  }: { readonly partner: string; readonly endpoint: string; readonly document: EndpointDocument },
  signal: AbortSignal | undefined,
): Promise<readonly EndpointWarning[]> {
  const text = JSON.stringify(document);
  const names = text.includes("secret")
    ? await reads(signal).query<{ name: string }>(secretsSql, [partner])
    : [];
  return lintsOf({ partner, endpoint, document: text, secrets: names.map(({ name }) => name) });
}

const secretsSql = `select s.name from postrider.partners p join postrider.partner_secrets s on s.partner_no = p.partner_no
 where p.id = $1 and p.deleted_at is null`;

interface LintRow {
  readonly partner: string;
  readonly endpoint: string;
  readonly document: string;
  /** The names of the partner's secrets. */
  readonly secrets: readonly string[];
}

function lintsOf({ partner, endpoint, document, secrets }: LintRow): readonly EndpointWarning[] {
  const warning = (
    code: EndpointWarning["code"],
    macro: string | null,
    message: string,
  ): EndpointWarning => ({
    partner,
    endpoint,
    code,
    macro,
    nearest: null,
    message,
  });
  // Its defaults hold no credential, and digits do not matter here.
  const parsed = JSON.parse(document) as OpenDocument & Parameters<typeof findHandwrittenJson>[0];
  const open = findOpenCredentials(parsed);
  const handwritten = findHandwrittenJson(parsed);
  const missing = namesUsed(document).secrets.filter((name) => !secrets.includes(name));
  const personal = findPersonalLiterals(parsed);
  return [
    ...personal.map(({ field, looks }) => warning("personal_literal", null, literalMessage(field, looks))),
    ...open.map((one) =>
      warning("open_credential", `secret.${one.secret}`, openCredentialMessage(partner, one)),
    ),
    ...handwritten.map((one) => warning("handwritten_json", one.macro, handwrittenJsonMessage(one))),
    ...missing.map((name) => warning("secret_missing", `secret.${name}`, missingMessage(partner, name))),
  ];
}

const literalMessage = (field: string, looks: string): string =>
  `${looks[0]?.toUpperCase()}${looks.slice(1)} stands in ${field} as it is, and is sent to the partner with each postback: if it came with an example, write a macro in its place.`;

const missingMessage = (partner: string, name: string): string =>
  `{secret.${name}} is not set, so nothing is sent to the endpoint: its deliveries wait. Set it: postrider secrets set ${partner} ${name}.`;

const pageSql = `select n.endpoint_no, p.id as partner, n.id as endpoint, n.document::text as document,
  case when n.document::text like '%secret%' then
    (select coalesce(json_agg(s.name), '[]') from postrider.partner_secrets s where s.partner_no = p.partner_no)
  else '[]' end as secrets
  from postrider.endpoints n join postrider.partners p on p.partner_no = n.partner_no
 where n.endpoint_no > $1::int and n.deleted_at is null and p.deleted_at is null
   and ($3::text is null or p.id = $3::text) and ($4::text is null or n.id = $4::text)
 order by n.endpoint_no limit $2::int`;
