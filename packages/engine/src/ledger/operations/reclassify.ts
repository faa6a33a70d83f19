import { parseEndpointDocument } from "../../core/documents.ts";
import { type DeliveryState, type Reason } from "../../core/delivery.ts";
import type { PostbackFacts } from "../../core/template/index.ts";
import {
  type AnswerFacts,
  type CompiledVerdicts,
  judge,
  type Judgement,
  verdictWord,
} from "../../core/verdicts/index.ts";
import { systemClock } from "../../ports/clock.ts";
import type { Reclassified, ReclassifiedGroup, ReclassifyOperations } from "../../ports/reclassify.ts";
import type { OperationsContext } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { checkVerdicts } from "./endpoint-check.ts";
import { isoText } from "./instants.ts";
import { acceptedBounds, idForm } from "./selection.ts";

/** Deliveries read at once. An answer is 64 KiB at most, an event 256 KiB: 13 MB and 16 MB. */
const perPage = { answers: 200, withEvents: 50 };
/** A call that reads for longer ends with a cursor. */
const longestMs = 15_000;
const examplesPerGroup = 3;
const shownCharacters = 120;
/** The transport reads so much of a body; a character that was cut in its end is decoded as three bytes. */
const cutBytes = 65_536 - 3;

/** Judging kept answers again, page by page: each page is a read of its own, so others get their turn between them. */
export function reclassifyOperations({ reads }: OperationsContext): ReclassifyOperations {
  return {
    async reclassify(partner, endpoint, { verdicts, since, until, limit, cursor }, signal) {
      const bounds = acceptedBounds({ since, until });
      let before = cursor === undefined ? bounds.before : decodeCursor(cursor, idForm);
      const drafted = verdicts && checkVerdicts({ verdicts });
      const [found] = await reads(signal).query<EndpointRow>(endpointSql, [partner, endpoint]);
      if (!found) return null;
      const rules = drafted === undefined ? checkVerdicts(parseEndpointDocument(found.document)) : drafted;
      const withEvents = rules?.texts != null;
      const tally = new Tally(rules, { partner, endpoint });
      const endMs = systemClock.monotonicMs() + longestMs;
      for (let left = limit; ; ) {
        const size = Math.min(left, withEvents ? perPage.withEvents : perPage.answers);
        const rows = await reads(signal, "any").query<AnswerRow>(answersSql, [
          found.endpoint_no,
          bounds.from,
          before,
          size + 1,
          withEvents,
        ]);
        const page = rows.slice(0, size);
        for (const row of page) tally.add(row);
        left -= page.length;
        before = page.at(-1)?.id ?? before;
        const isEnd = rows.length <= size;
        if (!isEnd && left > 0 && systemClock.monotonicMs() < endMs) continue;
        return { ...tally.result(), ...(isEnd ? {} : { next_cursor: encodeCursor(before) }) };
      }
    },
  };
}

/** Counts what is judged. */
class Tally {
  readonly #rules: CompiledVerdicts | null;
  readonly #names: { readonly partner: string; readonly endpoint: string };
  readonly #groups = new Map<string, Group>();
  readonly #notJudged = { no_answer: 0, not_kept: 0, cut: 0 };
  readonly #wronglyDelivered: string[] = [];

  constructor(
    rules: CompiledVerdicts | null,
    names: { readonly partner: string; readonly endpoint: string },
  ) {
    this.#rules = rules;
    this.#names = names;
  }

  add(row: AnswerRow): void {
    if (row.n === null && row.attempts_made > 0) return void (this.#notJudged.not_kept += 1);
    if (row.status === null) return void (this.#notJudged.no_answer += 1);
    const answer = answerOf(row, row.status);
    const judgement = judge(this.#rules, answer, () => factsOf(row, this.#names));
    if (isUnread(judgement, answer))
      return void (this.#notJudged[row.response_body === null ? "not_kept" : "cut"] += 1);
    const group = this.#groupOf(row, judgement);
    group.count += 1;
    if (group.examples.length < examplesPerGroup)
      group.examples.push({
        delivery_id: row.id,
        status: row.status,
        answer: answer.responseBody.slice(0, shownCharacters).toWellFormed(),
      });
    if (row.state === "delivered" && group.would_be !== "delivered" && group.would_be !== "duplicate")
      this.#wronglyDelivered.push(row.id);
  }

  result(): Omit<Reclassified, "next_cursor"> {
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count);
    return {
      judged: groups.reduce((sum, { count }) => sum + count, 0),
      groups,
      not_judged: this.#notJudged,
      wronglyDelivered: this.#wronglyDelivered,
    };
  }

  #groupOf({ state, reason }: AnswerRow, judgement: Judgement): Group {
    const { rule } = judgement;
    const would_be = verdictWord(judgement);
    const key = `${reason} ${would_be} ${rule?.index ?? ""}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const note = rule?.note ?? null;
      group = { state, reason, would_be, rule: rule?.index ?? null, note, count: 0, examples: [] };
      this.#groups.set(key, group);
    }
    return group;
  }
}

type Group = Omit<ReclassifiedGroup, "count" | "examples"> & {
  count: number;
  readonly examples: ReclassifiedGroup["examples"][number][];
};

/** Whether no verdict could be found because the body is not whole. */
const isUnread = ({ verdict, rule }: Judgement, { truncated, failure }: AnswerFacts): boolean =>
  (truncated || failure !== null) &&
  rule === null &&
  verdict.kind === "retryable" &&
  verdict.reason === "verdict_unknown";

interface EndpointRow {
  readonly endpoint_no: number;
  readonly document: string;
}

/** An ended delivery with its last attempt (`n` null: it has none in the ledger), and its event if it was asked for. */
interface AnswerRow {
  readonly id: string;
  readonly state: DeliveryState;
  readonly reason: Reason;
  readonly attempts_made: number;
  readonly n: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly response_body: string | null;
  readonly body_bytes: number | null;
  readonly event_id: string | null;
  readonly type: string | null;
  readonly schema_version: number | null;
  readonly occurred_at: string | null;
  readonly accepted_ms: number | null;
  readonly data: string | null;
}

/** Bodies that broke off, as the attempt's error says it: see `core/classify.ts` and `core/verdicts/judge.ts`. */
const brokenOff =
  /^(?:verdict_unknown: .* was not complete \((\w+)\)|(tls|connect|reset|timeout|protocol|local): )/;
const wentOn = /^verdict_unknown: .* went on past /;
/** What is kept of a body in a content coding that the transport does not know. */
const unreadable = /^\(\d+ bytes in the content coding "[^"]*", which cannot be read\)$/;

function answerOf(row: AnswerRow, status: number): AnswerFacts {
  const broken = row.error === null ? null : brokenOff.exec(row.error);
  const failure = broken === null ? null : { class: broken[1] ?? broken[2] ?? "", message: "" };
  const truncated =
    row.response_body === null ||
    (row.body_bytes ?? 0) >= cutBytes ||
    unreadable.test(row.response_body) ||
    wentOn.test(row.error ?? "");
  return { status, failure, location: null, responseBody: row.response_body ?? "", truncated };
}

/** What is not in the ledger any more is a macro without a value. */
function factsOf(
  row: AnswerRow,
  { partner, endpoint }: { readonly partner: string; readonly endpoint: string },
): PostbackFacts {
  return {
    eventId: row.event_id ?? "",
    deliveryId: row.id,
    type: row.type ?? "",
    schemaVersion: row.schema_version ?? 1,
    occurredAt: row.occurred_at ?? "",
    acceptedAt: row.accepted_ms === null ? "" : isoText(row.accepted_ms),
    partner,
    endpoint,
    attempt: row.n ?? 1,
    dataText: row.data ?? "{}",
  };
}

const endpointSql = `select n.endpoint_no, n.document::text as document
  from postrider.partners p join postrider.endpoints n on n.partner_no = p.partner_no and n.deleted_at is null
 where p.id = $1 and p.deleted_at is null and n.id = $2`;

/**
 * A delivered one is judged by the answer that delivered it: another process may have made an attempt of the same number,
 * whose answer changed nothing. The attempt and the event are looked up from a fence (`offset 0`): one probe for each row, whatever the planner thinks. */
const answersSql = `select f.id, f.state, f.reason, f.attempts_made, a.n, a.status, a.error, a.response_body, a.body_bytes,
  e.event_id, e.type, e.schema_version, e.occurred_at, e.accepted_ms, e.data
  from (select f.id, f.event, f.state, f.reason, f.attempts_made from postrider.finished f
         where f.endpoint_no = $1::int and f.id >= $2::text::uuid and f.id < $3::text::uuid
         order by f.id desc limit $4::int) f
  left join lateral (
    select a.n, a.status, a.error, a.response_body, octet_length(a.response_body) as body_bytes
      from postrider.attempts a where a.delivery = f.id
     order by f.state = 'delivered' and a.error is null desc, a.n desc, a.at desc limit 1 offset 0) a on true
  left join lateral (
    select e.event_id, e.type, e.schema_version, e.occurred_at, extract(epoch from e.accepted_at)::float8 * 1000 as accepted_ms,
           e.data::text as data
      from postrider.events e where e.id = f.event and $5::boolean offset 0) e on true
 order by f.id desc`;
