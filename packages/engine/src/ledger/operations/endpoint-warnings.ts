import { type EndpointDocument, parseEndpointDocument } from "../../core/documents.ts";
import {
  compileTemplate,
  findRefusedEvents,
  findUnfilledMacros,
  type UnfilledMacro,
} from "../../core/template/index.ts";
import type { EndpointWarning, WarningOperations } from "../../ports/operations.ts";
import { list } from "../sql.ts";
import type { OperationsContext } from "./context.ts";
import { lintDocuments, lintDraft } from "./document-lints.ts";

/** Events looked at for an endpoint, and the most bytes of one: 0.8 MB at most are walked. */
const eventsPerEndpoint = 100;
const bytesPerEvent = 8_192;
/** Endpoints looked at in one call, those changed last first: a mistyped macro is a fresh one. */
const endpointsPerCall = 200;
/** The longest that reading an endpoint's events may take. Warnings are advice: nobody waits longer for them. */
const readTimeoutMs = 500;

/** What is most likely wrong with endpoints that can still be stored and sent to. */
export function warningOperations({ reads }: OperationsContext): WarningOperations {
  return {
    async endpointWarnings(only, signal) {
      const sql = reads(signal);
      const rows = await (only === undefined
        ? sql.query<EndpointRow>(endpointsSql(""), [endpointsPerCall + 1])
        : sql.query<EndpointRow>(endpointsSql("and p.id = $2 and n.id = coalesce($3::text, n.id)"), [
            endpointsPerCall + 1,
            only.partner,
            only.endpoint ?? null,
          ]));
      const warnings: EndpointWarning[] = [...(await lintDocuments(reads, only, signal))];
      for (const row of rows.slice(0, endpointsPerCall))
        warnings.push(...(await warningsOf(reads, row, signal)));
      return {
        checked: Math.min(rows.length, endpointsPerCall),
        more: rows.length > endpointsPerCall,
        warnings,
      };
    },

    async documentWarnings(of, signal) {
      return [...(await lintDraft(reads, of, signal)), ...(await eventWarnings(reads, of, signal))];
    },
  };
}

interface EndpointRow {
  readonly partner: string;
  readonly endpoint: string;
  readonly document: string;
}

async function warningsOf(
  reads: OperationsContext["reads"],
  { partner, endpoint, document }: EndpointRow,
  signal: AbortSignal | undefined,
): Promise<readonly EndpointWarning[]> {
  const read = parseEndpointDocument(document);
  return eventWarnings(reads, { partner, endpoint, document: read }, signal);
}

async function eventWarnings(
  reads: OperationsContext["reads"],
  {
    partner,
    endpoint,
    document,
  }: { readonly partner: string; readonly endpoint: string; readonly document: EndpointDocument },
  signal: AbortSignal | undefined,
): Promise<readonly EndpointWarning[]> {
  const compiled = compileTemplate(document);
  if (!compiled.ok) return [];
  const { plan } = compiled.template;
  if (plan.event.paths === null && plan.personal === null) return [];
  const texts = await recentData(reads, partner, document.events, signal);
  const unfilled = findUnfilledMacros(compiled.template, texts).map((macro) => ({
    partner,
    endpoint,
    code: "unfilled_macro" as const,
    macro: macro.macro,
    nearest: macro.nearest,
    message: messageOf(macro, texts.length),
  }));
  const refused = findRefusedEvents(compiled.template, texts, document.fan_out).map((found) => ({
    partner,
    endpoint,
    code: "personal_data" as const,
    macro: found.macro,
    nearest: null,
    message: `${found.events} of the last ${texts.length} events of its types would not be sent: ${found.message}`,
  }));
  return [...refused, ...unfilled];
}

async function recentData(
  reads: OperationsContext["reads"],
  partner: string,
  patterns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const limit = AbortSignal.timeout(readTimeoutMs);
  try {
    const sql = reads(signal === undefined ? limit : AbortSignal.any([signal, limit]));
    const rows = await sql.query<{ data: string }>(recentSql, [
      partner,
      list(patterns),
      eventsPerEndpoint,
      bytesPerEvent,
    ]);
    return rows.map(({ data }) => data);
  } catch {
    signal?.throwIfAborted();
    // Too slow, or the ledger is away: an endpoint is not stored or refused for that.
    return [];
  }
}

const effects: Readonly<Record<UnfilledMacro["effect"], string>> = {
  not_sent: "its deliveries end dead (missing_macro)",
  left_out: "its place is left out of every postback",
  default: "every postback has its default",
  empty: "every postback has nothing in its place",
};

function messageOf({ macro, effect, nearest }: UnfilledMacro, events: number): string {
  const looked =
    events === 1 ? "The last event of its types" : `None of the last ${events} events of its types`;
  const had = events === 1 ? "had no value" : "had a value";
  const near = nearest === null ? "" : ` Did you mean ${nearest}?`;
  return `${looked} ${had} for {${macro}}: ${effects[effect]}.${near}`;
}

const endpointsSql = (
  which: string,
): string => `select p.id as partner, n.id as endpoint, n.document::text as document
  from postrider.endpoints n join postrider.partners p on p.partner_no = n.partner_no
 where n.deleted_at is null and p.deleted_at is null ${which} and n.document::text like any (array['%{data%', '%{item%', '%http://%'])
 order by n.updated_at desc, n.endpoint_no desc limit $1::int`;

const recentSql =
  "select d as data from postrider.recent_data($1::text, $2::text::text[], $3::int, $4::int) d";
