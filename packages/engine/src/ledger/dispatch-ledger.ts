import { parseEndpointDocument } from "../core/documents.ts";
import { PostriderError } from "../core/errors.ts";
import { lackOfNote } from "../core/lack.ts";
import { missingKeyNote, schemes } from "../core/missing-key.ts";
import type {
  Claimed,
  ClaimRequest,
  DueDelivery,
  Ledger,
  Outcome,
  PartnerSettings,
  StoredKey,
} from "../ports/ledger.ts";
import { oldBacklogs, saveCircuits, silentPartners, storedCircuit } from "./circuits.ts";
import { fanOut } from "./fan-outs.ts";
import { attend, livingProcesses, newIdentity, type ProcessIdentity, readTime } from "./processes.ts";
import { processSettings } from "./process-settings.ts";
import { advanceReplays } from "./replays.ts";
import { parseRing, ringPayload } from "./ring-channel.ts";
import { type ClaimRow, dueDelivery } from "./rows.ts";
import type { Seal } from "./seal.ts";
import { sealContext, secretContext } from "./sealed-rows.ts";
import { isTransientFault, list, listOf, type Sql } from "./sql.ts";
import { keepUp } from "./upkeep.ts";

export interface DispatchLedgerOptions {
  /** Default: a new one. */
  readonly process?: ProcessIdentity;
  /** How long a turn is held without asking again. A process that dies keeps its partners waiting for so long. Default 5 s. */
  readonly leaseMs?: number;
}

const defaultLeaseMs = 5_000;

/** What a process asks of its ledger, over either driver. */
export function createDispatchLedger(
  sql: Sql,
  seal: Seal,
  { process = newIdentity(), leaseMs = defaultLeaseMs }: DispatchLedgerOptions = {},
): Ledger {
  const { shared } = sql.capabilities;
  const holder = shared ? process.id : null;
  const settingsOfProcesses = processSettings(sql, process.id, seal.keyIds);
  /** Whether this process holds the lock of its name, as far as it knows, and whether the ledger may think so. */
  let [locked, saidLocked] = [false, false];
  /** Before turns are asked for: a living process whose lock is gone must not be taken for dead once it has its answer. */
  const sayUnlocked = async () => {
    if (locked || !saidLocked) return;
    await sql.query("select postrider.unlocked($1::uuid)", [process.id]);
    saidLocked = false;
  };
  return {
    async claim(requests, asideIds, nowMs) {
      await sayUnlocked();
      const rows = await sql.query<ClaimRow>(claimSql, [
        list(requests.map((request) => request.partnerNo)),
        list(requests.map((request) => request.fence ?? 0)),
        list(requests.map((request) => request.limit)),
        list(requests.map((request) => request.busyIds.join(","))),
        list(requests.map(({ passOver }) => (passOver?.length ? passOver.join(",") : null))),
        list(asideIds),
        nowMs,
        holder,
        shared ? leaseMs : null,
        ...placesOf(requests),
      ]);
      return byPartner(rows, shared ? leaseMs : Number.POSITIVE_INFINITY);
    },

    async closeTurns(closes) {
      const [row] = await sql.query<{ rung: readonly number[] }>(closeTurnsSql, [
        list(closes.map((close) => close.partnerNo)),
        list(closes.map((close) => close.fence)),
        list(closes.map((close) => close.cursorMs)),
        holder,
      ]);
      return row?.rung ?? [];
    },

    async tellHolders(partnerNos) {
      await sql.query("select pg_notify('postrider_ring', $1)", [ringPayload(partnerNos, "?")]);
    },

    declare: settingsOfProcesses.declare,
    othersAllow: settingsOfProcesses.othersAllow,
    async passOn(partnerNos) {
      if (shared) await sql.query("select pg_notify('postrider_ring', $1)", [ringPayload(partnerNos, "!")]);
    },

    onRing: (listener) =>
      sql.listen("postrider_ring", (payload) => listener(parseRing(payload)), {
        lockSql: `pg_try_advisory_lock(postrider.process_lock('${process.id}'))`,
        held: (now) => (locked = now),
      }),

    async attend(sign) {
      if (!shared) return { alive: 1, first: true, idlest: null, foundDead: 0, time: null };
      const said = locked;
      saidLocked ||= said;
      const attendance = await attend(sql, process, sign, said);
      // The lock may have been lost, and that said, while this was on its way: it is said again.
      saidLocked ||= said;
      return attendance;
    },

    readTime: () => readTime(sql),
    processes: (signal) => livingProcesses(sql, signal),

    async leave() {
      if (shared) await settingsOfProcesses.leave();
    },

    onLost: (listener) => sql.onLost(listener),

    async settings(partnerNos, nowMs) {
      return readSettings(sql, seal, partnerNos, nowMs);
    },

    async record(outcomes, again) {
      await sql.query(recordSql, [...recordValues(outcomes, again), holder]);
    },

    fanOut: (splits) => fanOut(sql, splits, holder),

    async hold(holds) {
      const endpointNos = list(holds.map((hold) => hold.endpointNo));
      const notes = schemes.map(missingKeyNote);
      const lacks = holds.map(({ note }) => lackOfNote(note));
      const values = [
        endpointNos,
        list(holds.map((hold) => hold.untilMs)),
        list(holds.map((hold) => hold.note)),
        list(notes),
        list(schemes),
        list(lacks.map((lack) => lack?.kind ?? null)),
        list(lacks.map((lack) => lack?.name ?? null)),
      ];
      if (!holds.some(({ note }, index) => notes.includes(note) || lacks[index] !== null))
        return void (await sql.query(holdSql, values));
      await sql.transaction(async (tx) => {
        await tx.query(ownersSql, [endpointNos]);
        await tx.query(holdSql, values);
      });
    },

    async saveCursors(saves) {
      const rows = await sql.query<{ partner_no: number }>(saveCursorsSql, [
        list(saves.map((save) => save.partnerNo)),
        list(saves.map((save) => save.fence)),
        list(saves.map((save) => save.cursorMs)),
      ]);
      return rows.map((row) => row.partner_no);
    },

    async duePartners(untilMs, skipHeld = false) {
      const rows = await sql.query<{ partner_no: number; due_ms: number }>(
        "select partner_no, due_ms from postrider.due_partners($1::float8, $2::boolean)",
        [untilMs, skipHeld],
      );
      return rows.map((row) => ({ partnerNo: row.partner_no, dueAtMs: row.due_ms }));
    },

    saveCircuits: (saves) => saveCircuits(sql, saves),
    oldBacklogs: (beforeMs) => oldBacklogs(sql, beforeMs),
    silentPartners: (nowMs) => silentPartners(sql, nowMs),

    advanceReplays: (limit, nowMs) => advanceReplays(sql, limit, nowMs),

    cutBack: (nowMs, staleAfterMs) => cutBack(sql, nowMs, staleAfterMs),

    keepUp: (nowMs, retention, signal) => keepUp(sql, nowMs, retention, signal),

    async locate(partnerId, endpointId) {
      const [row] = await sql.query<{ partner_no: number; endpoint_no: number }>(locateSql, [
        partnerId,
        endpointId,
      ]);
      return row ? { partnerNo: row.partner_no, endpointNo: row.endpoint_no } : null;
    },

    isTransient: isTransientFault,
  };
}

async function cutBack(sql: Sql, nowMs: number, staleAfterMs: number | undefined): Promise<number> {
  const [row] = await sql.query<{ n: number }>("select postrider.cut_back($1::float8, $2::float8) as n", [
    nowMs,
    staleAfterMs ?? null,
  ]);
  return row?.n ?? 0;
}

const claimSql =
  "select * from postrider.claim($1::text::int[], $2::text::bigint[], $3::text::int[], $4::text::text[], $5::text::text[], $6::text::uuid[], $7::float8, $8::uuid, $9::float8, $10::text::float8[], $11::text::uuid[], $12::text::float8[])";

const closeTurnsSql =
  "select postrider.close_turns($1::text::int[], $2::text::bigint[], $3::text::float8[], $4::uuid) as rung";

const recordSql = `select postrider.record($1::text::uuid[], $2::text::int[], $3::text::bigint[], $4::text::postrider.delivery_state[],
  $5::text::postrider.reason[], $6::text::float8[], $7::text::int[], $8::text::float8[], $9::text::int[], $10::text::float8[],
  $11::text::int[], $12::text::int[], $13::text::int[], $14::text::text[], $15::text::text[], $16::text::int[], $17::boolean, $18::uuid)`;

/** Waits for changes of partners under way: only a statement that begins after them sees their keys, secrets and constants. */
const ownersSql = `select 1 from postrider.partners p
 where p.partner_no in (select e.partner_no from postrider.endpoints e where e.endpoint_no = any($1::text::int[]))
 order by p.partner_no for share`;

/** A pause for a missing key, secret or constant must not be stored if it was made meanwhile: nothing would end it. */
const holdSql = `update postrider.endpoints e
   set held_until = case when h.until_ms is null then e.held_until else greatest(e.held_until, to_timestamp(h.until_ms / 1000)) end,
       paused_at = case when h.until_ms is null then coalesce(e.paused_at, clock_timestamp()) else e.paused_at end,
       note = h.note
  from (select distinct on (endpoint_no) * from unnest($1::text::int[], $2::text::float8[], $3::text::text[], $6::text::text[], $7::text::text[])
           as u(endpoint_no, until_ms, note, lacks, name)
         order by endpoint_no, until_ms desc nulls first) h
 where e.endpoint_no = h.endpoint_no
   and not (h.note = any($4::text::text[]) and exists (
     select 1 from unnest($4::text::text[], $5::text::text[]) as m(note, scheme)
       join postrider.signing_keys k on k.scheme = m.scheme and (k.retires_at is null or k.retires_at > clock_timestamp())
      where m.note = h.note and k.partner_no = e.partner_no))
   and not (h.lacks is not distinct from 'secret' and exists (
     select 1 from postrider.partner_secrets s where s.partner_no = e.partner_no and s.name = h.name))
   and not (h.lacks is not distinct from 'constant' and exists (
     select 1 from postrider.partners p where p.partner_no = e.partner_no and p.constants::jsonb ? h.name))`;

const saveCursorsSql = `update postrider.partner_runtime r set limiter_cursor_ms = s.cursor_ms
  from unnest($1::text::int[], $2::text::bigint[], $3::text::float8[]) as s(partner_no, fence, cursor_ms)
 where r.partner_no = s.partner_no and r.fence = s.fence
returning r.partner_no`;

const locateSql = `select p.partner_no, e.endpoint_no from postrider.partners p
  join postrider.endpoints e on e.partner_no = p.partner_no and e.id = $2 and e.deleted_at is null
 where p.id = $1 and p.deleted_at is null`;

/** Where the claims begin: three nulls if all of them read from the heads, as those that open turns do. */
function placesOf(requests: readonly ClaimRequest[]): readonly (string | null)[] {
  if (!requests.some(({ from }) => from)) return [null, null, null];
  const places = requests.flatMap(({ from }) => from?.lanes ?? heads);
  return [
    list(places.map(({ dueAtMs }) => dueAtMs)),
    list(places.map(({ id }) => id ?? nil)),
    list(requests.map(({ from }) => from?.sinceMs ?? 0)),
  ];
}

/** No null: PostgreSQL walks through an array with nulls to reach an entry of it. */
const nil = "00000000-0000-0000-0000-000000000000";
const head = { dueAtMs: Number.NEGATIVE_INFINITY, id: null };
const heads = [head, head, head];

function byPartner(rows: readonly ClaimRow[], leaseMs: number): readonly Claimed[] {
  const claimed: (Claimed & { lastLane: number | null })[] = [];
  let deliveries: DueDelivery[] = [];
  let partnerNo = -1;
  for (const row of rows) {
    if (row.partner_no !== partnerNo) {
      partnerNo = row.partner_no;
      deliveries = [];
      claimed.push({
        partnerNo,
        fence: Number(row.fence),
        standing: row.standing,
        leaseMs,
        version: Number(row.version),
        nextDueAtMs: row.next_ms,
        limiterCursorMs: row.limiter_cursor_ms,
        circuits: row.circuits?.map(storedCircuit) ?? null,
        deliveries,
        lastLane: null,
      });
    }
    claimed.at(-1)!.lastLane = row.lane;
    if (row.id !== null) deliveries.push(dueDelivery(row as ClaimRow & { id: string }, deliveries.at(-1)));
  }
  return claimed;
}

/** The columns of `postrider.record`, each an array literal over all outcomes. */
function recordValues(outcomes: readonly Outcome[], again: boolean) {
  const column = (value: (outcome: Outcome) => string | number | null) => listOf(outcomes, value);
  return [
    column((o) => o.deliveryId),
    column((o) => o.partnerNo),
    column((o) => o.fence),
    column((o) => (o.change.kind === "finish" ? o.change.state : null)),
    column((o) => (o.change.kind === "finish" ? o.change.reason : null)),
    column((o) => (o.change.kind === "retry" ? o.change.dueAtMs : null)),
    column((o) => (o.change.kind === "retry" ? o.change.clientErrors : 0)),
    column((o) => (o.change.kind === "finish" ? o.change.atMs : null)),
    column((o) => o.attempt?.n ?? 0),
    column((o) => o.attempt?.atMs ?? null),
    column((o) => o.attempt?.durationMs ?? null),
    column((o) => o.attempt?.status ?? null),
    column((o) => o.attempt?.endpointVersion ?? null),
    column((o) => o.change.error),
    column((o) => o.attempt?.responseBody || null),
    column((o) => (o.change.kind === "retry" ? (o.change.attemptsBefore ?? null) : null)),
    again,
  ];
}

async function readSettings(
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
