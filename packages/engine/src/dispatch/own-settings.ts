import { missingKeyCondition, refusedTargetCondition } from "../core/own-settings.ts";
import { type AllowedTargets, unlistedTargets } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { Conditions } from "../ports/conditions.ts";
import type {
  FaultLedger,
  LossLedger,
  OwnSettingsLedger,
  PartnerSettings,
  SettingsLedger,
} from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TurnEnd, Turns } from "../ports/turns.ts";
import { createBatcher } from "./batcher.ts";
import { compilePartner, type DispatchPartner, LeftToOthers } from "./partner.ts";
import type { PartnerCache } from "./partner-cache.ts";
import { retryTransient } from "./retry-transient.ts";

/** How often this process looks again at what it left to others. */
const lookAgainMs = 5_000;
/** While something is refused here, this process asks at most this often what the others allow. */
const othersKeptMs = 1_000;
/** At a start, thousands of partners are left one by one: the conditions are written once for all of this time. */
const tellWithinMs = 200;
/** The ledger removes the declaration of a process that was silent for an hour. */
const declareAgainMs = 180_000;
/** Partners in one statement at most. */
const maxPartners = 256;
/** Names that were refused when they were dialled: this many are remembered. */
const mostRefused = 1_000;

/**
 * What this process cannot do by its own settings: open secrets of a master key that it does not have, send to a target that it
 * does not allow. Such partners are left to processes that can, and nothing is spent on them here.
 */
export interface OwnSettings {
  /** Tells the other processes what this one can do. */
  begin(): Promise<void>;
  /** The partner's settings, as the cache gives them. @throws LeftToOthers */
  readPartner(partnerNo: number, version: number): Promise<DispatchPartner | null>;
  /** Runs a turn, unless the partner is left to others. */
  runTurn(partnerNo: number, run: () => Promise<TurnEnd>): Promise<TurnEnd>;
  /** True while the partner is left to others. */
  leaves(partnerNo: number): boolean;
  /** A name resolved to an address that is not allowed here. True if the partner is left to others for it. */
  refuse(partner: DispatchPartner, target: string): Promise<boolean>;
  stop(): void;
}

export interface OwnSettingsTools {
  readonly ledger: OwnSettingsLedger & SettingsLedger & LossLedger & FaultLedger;
  readonly turns: Pick<Turns, "ring">;
  readonly partners: PartnerCache;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly conditions: Pick<Conditions, "set">;
  readonly allowedTargets: AllowedTargets;
  readonly signal: AbortSignal;
}

/** Asks what the others allow, at most once a second. */
function keepForAMoment(ledger: Pick<OwnSettingsLedger, "othersAllow">, clock: Clock) {
  let kept: { readonly atMs: number; readonly lists: Promise<readonly AllowedTargets[]> } | null = null;
  return (): Promise<readonly AllowedTargets[]> => {
    if (kept === null || clock.monotonicMs() - kept.atMs >= othersKeptMs) {
      const lists = ledger.othersAllow().then((given) => given.map((list) => new Set(list)));
      kept = { atMs: clock.monotonicMs(), lists };
      lists.catch(() => (kept = null));
    }
    return kept.lists;
  };
}

/** Which targets are refused here: by the list of allowed ones, or when they were dialled. */
function createTargetCheck({ ledger, clock, allowedTargets }: OwnSettingsTools) {
  const refusedWhenDialled = new Set<string>();
  const othersAllow = keepForAMoment(ledger, clock);
  return {
    /**
     * The targets for which the partner is left to another process; null if it is not. Only to one that refuses fewer of
     * them: of two that each allow another target of the partner, neither leaves it to the other.
     */
    async betterElsewhere({ origins }: DispatchPartner): Promise<readonly string[] | null> {
      const mine = unlistedTargets(origins, allowedTargets, refusedWhenDialled);
      if (mine.length === 0) return null;
      const lists = await othersAllow();
      const better = lists.some(
        (list) => unlistedTargets(origins, list, refusedWhenDialled).length < mine.length,
      );
      return better ? mine : null;
    },
    refuseDialled(target: string) {
      if (refusedWhenDialled.size >= mostRefused) refusedWhenDialled.clear();
      refusedWhenDialled.add(target);
    },
    forgetDialled: () => refusedWhenDialled.clear(),
  };
}

type TargetCheck = ReturnType<typeof createTargetCheck>;

/** Puts in words, as conditions of this process, which partners it leaves to others and why. */
function createReport({ conditions, clock }: OwnSettingsTools, left: ReadonlyMap<number, LeftToOthers>) {
  let cancel: (() => void) | null = null;
  const tell = () => {
    cancel?.();
    cancel = null;
    const lacks = [...left.values()];
    conditions.set(
      "key_missing",
      missingKeyCondition(lacks.flatMap(({ partner, key }) => (key ? [{ partner, ...key }] : []))),
    );
    conditions.set(
      "target_not_allowed",
      refusedTargetCondition(
        lacks.flatMap(({ partner, targets }) => (targets ? [{ partner, targets }] : [])),
      ),
    );
  };
  return {
    tell,
    tellSoon: () => void (cancel ??= clock.after(tellWithinMs, tell)),
    stop: () => cancel?.(),
  };
}

/** Tells the others what this process can do: at once, if a connection was lost, and now and then. */
function createDeclarations({ ledger, clock, telemetry, allowedTargets, signal }: OwnSettingsTools) {
  let cancel: (() => void) | null = null;
  let declaring: Promise<void> | null = null;
  let stopped = false;
  const declare = () =>
    retryTransient(() => ledger.declare([...allowedTargets]), {
      where: "declare settings",
      ledger,
      clock,
      telemetry,
      signal,
    }).catch(() => {}); // The fault was reported. Nobody leaves anything to this process before the next time.
  // Connections are lost many at a time.
  const declareOnce = () => (declaring ??= declare().finally(() => (declaring = null)));
  const declareAgain = () => {
    if (!stopped) cancel = clock.after(declareAgainMs, () => void declareOnce().then(declareAgain));
  };
  return {
    begin() {
      // The server that took its place may not have the declaration.
      ledger.onLost(() => void declareOnce());
      declareAgain();
      return declareOnce();
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

/** The partners that can be read: if some together cannot, one by one. */
async function readSome(
  { ledger, clock }: Pick<OwnSettingsTools, "ledger" | "clock">,
  partnerNos: readonly number[],
): Promise<readonly PartnerSettings[]> {
  try {
    return await ledger.settings(partnerNos, clock.now());
  } catch (error) {
    if (ledger.isTransient(error)) throw error;
    if (partnerNos.length === 1) return [];
    const found: PartnerSettings[] = [];
    for (const partnerNo of partnerNos) found.push(...(await readSome({ ledger, clock }, [partnerNo])));
    return found;
  }
}

/**
 * Why the partner is left to others; null if it is not. One that cannot be judged is not left any more: its turn meets the
 * same fault and tells it, and the others are looked at.
 */
async function findLack(
  { ledger, allowedTargets }: Pick<OwnSettingsTools, "ledger" | "allowedTargets">,
  targets: TargetCheck,
  settings: PartnerSettings | undefined,
): Promise<LeftToOthers | null> {
  if (settings === undefined) return null;
  if (settings.unreadable) return new LeftToOthers(settings.id, { key: settings.unreadable });
  try {
    const refused = await targets.betterElsewhere(compilePartner(settings, allowedTargets));
    return refused === null ? null : new LeftToOthers(settings.id, { targets: refused });
  } catch (error) {
    if (ledger.isTransient(error)) throw error;
    return null;
  }
}

export function createOwnSettings(tools: OwnSettingsTools): OwnSettings {
  const { ledger, turns, partners, clock, telemetry } = tools;
  const declarations = createDeclarations(tools);
  const left = new Map<number, LeftToOthers>();
  const targets = createTargetCheck(tools);
  const report = createReport(tools, left);
  let cancel: (() => void) | null = null;
  let stopped = false;

  const leave = (partnerNo: number, why: LeftToOthers) => {
    left.set(partnerNo, why);
    if (stopped) return;
    report.tellSoon();
    cancel ??= clock.after(lookAgainMs, lookAgain);
  };

  const passOn = createBatcher<number, void>(
    async (partnerNos) => {
      // If this is lost, the next sweep of a process that can serve them finds them.
      await ledger.passOn([...new Set(partnerNos)]).catch(() => {});
      return [];
    },
    { maxItems: maxPartners, parallel: 1 },
  );

  const lookAgain = () => {
    cancel = null;
    void lookAtAll()
      .catch((error: unknown) => {
        if (!ledger.isTransient(error))
          telemetry.fault({ where: "own settings", error, retryInMs: lookAgainMs });
      })
      .finally(() => {
        report.tell();
        if (left.size === 0) targets.forgetDialled();
        else if (!stopped) cancel ??= clock.after(lookAgainMs, lookAgain);
      });
  };
  const lookAtAll = async () => {
    const numbers = [...left.keys()];
    for (let at = 0; at < numbers.length; at += maxPartners) {
      const some = numbers.slice(at, at + maxPartners);
      const byNo = new Map((await readSome(tools, some)).map((one) => [one.partnerNo, one]));
      for (const partnerNo of some) {
        const lack = await findLack(tools, targets, byNo.get(partnerNo));
        if (lack !== null) left.set(partnerNo, lack);
        else if (left.delete(partnerNo)) turns.ring([partnerNo]);
      }
    }
  };

  /** Ends a turn whose partner is left to others: tells them. Asking again at once is of no use. */
  const leaveToOthers = (partnerNo: number): TurnEnd => {
    void passOn(partnerNo);
    return { nextDueAtMs: null, elsewhere: true };
  };

  return {
    begin: declarations.begin,
    async readPartner(partnerNo, version) {
      const partner = await partners.get(partnerNo, version);
      if (!partner?.unlisted) return partner;
      const refused = await targets.betterElsewhere(partner);
      if (refused !== null) throw new LeftToOthers(partner.id, { targets: refused });
      return partner;
    },
    async runTurn(partnerNo, run) {
      if (left.has(partnerNo)) return leaveToOthers(partnerNo);
      try {
        const end = await run();
        return left.has(partnerNo) ? leaveToOthers(partnerNo) : end;
      } catch (error) {
        if (!(error instanceof LeftToOthers)) throw error;
        leave(partnerNo, error);
        return leaveToOthers(partnerNo);
      }
    },
    leaves: (partnerNo) => left.has(partnerNo),
    async refuse(partner, target) {
      targets.refuseDialled(target);
      const refused = await targets.betterElsewhere(partner).catch(() => null);
      if (refused === null) return false;
      leave(partner.partnerNo, new LeftToOthers(partner.id, { targets: refused }));
      return true;
    },
    stop() {
      stopped = true;
      declarations.stop();
      report.stop();
      cancel?.();
      cancel = null;
    },
  };
}
