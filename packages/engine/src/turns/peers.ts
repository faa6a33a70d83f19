/**
 * What processes tell each other over Redis' channels: which of them had a partner's last turn, so that the next ring
 * goes straight there. Nothing is stored, and everything may be lost: the queue of jobs and the sweep are behind it.
 *
 * A ring by way of a job costs some 50 Redis commands, one to a process that is known costs one: at 200 events a second
 * for one partner half a processor less, and half the time from the commit to the claim.
 */
import type { Clock } from "../ports/clock.ts";
import type { RedisClient } from "./redis-client.ts";
import { RedisTrouble } from "./redis-fault.ts";

export interface Peers {
  /** This process. */
  readonly id: string;
  /** The process that had the partner's last turn; null if nobody has said so lately. */
  holderOf(partnerNo: number): string | null;
  /** Says that this process has the partner's turn. */
  hold(partnerNo: number): void;
  /** Says that the partner's next turn may be anybody's. */
  release(partnerNo: number): void;
  /** Rings at one process. */
  ring(holder: string, partnerNo: number): void;
  /** Has whoever has these turns look again. */
  tellAll(partnerNos: readonly number[]): void;
  /** Begins to listen. */
  join(): Promise<void>;
  /**
   * Says something to itself over Redis, which proves that both connections live.
   *
   * @throws RedisTrouble `silent` if it is not heard within 1.5 s
   */
  prove(): Promise<void>;
  /** From now on nobody rings here. */
  leave(): Promise<void>;
}

export interface PeersOptions {
  /** Of this process. */
  readonly id: string;
  /** Before every channel. Holds the ledger's id: Redis' channels are the same in all its databases. */
  readonly prefix: string;
  /** Speaks. */
  readonly client: RedisClient;
  /** Listens: a connection of its own. */
  readonly listener: RedisClient;
  readonly clock: Clock;
  readonly fault: (error: unknown) => void;
  /** Rung here by another process. */
  readonly onRings: (partnerNos: readonly number[]) => void;
  /** Turns that somebody has, perhaps this process, are to look again. */
  readonly onTold: (partnerNos: readonly number[]) => void;
  /** Nobody heard these rings. */
  readonly undelivered: (partnerNos: readonly number[]) => void;
}

/**
 * What was said counts for between one and two of these. Then a ring is a job again, which whichever process has time
 * takes: so partners move from busy processes to idle ones, and to those that are new.
 */
const saidCountsMs = 1_000;
const nobody = "-";
/** What a process says to itself is heard within this, or one of its connections is dead. */
const echoWithinMs = 1_500;

export function createPeers(options: PeersOptions): Peers {
  const { id, prefix, client, listener, clock, fault, onRings, onTold, undelivered } = options;
  const channels = { told: `${prefix}:rings`, held: `${prefix}:holders`, own: `${prefix}:rings:${id}` };
  let lately = new Map<number, string>();
  let before = new Map<number, string>();
  let renewedAtMs = clock.monotonicMs();
  /** Partners to speak of with the next burst, by channel and, for holders, who has them. */
  let unsaid = new Map<string, { channel: string; who: string | null; partnerNos: Set<number> }>();

  const forgetOld = () => {
    const ageMs = clock.monotonicMs() - renewedAtMs;
    if (ageMs < saidCountsMs) return;
    before = ageMs < 2 * saidCountsMs ? lately : new Map();
    lately = new Map();
    renewedAtMs = clock.monotonicMs();
  };
  const note = (holder: string, partnerNo: number) => {
    if (holder === nobody) before.delete(partnerNo);
    lately.set(partnerNo, holder);
  };

  /** After the current burst, so that what is alike goes together. */
  const say = (channel: string, who: string | null, partnerNo: number) => {
    if (unsaid.size === 0) setImmediate(sayAll);
    const key = `${channel} ${who}`;
    const known = unsaid.get(key);
    if (known) known.partnerNos.add(partnerNo);
    else unsaid.set(key, { channel, who, partnerNos: new Set([partnerNo]) });
  };
  const sayAll = () => {
    const all = unsaid;
    unsaid = new Map();
    for (const { channel, who, partnerNos } of all.values()) {
      const text = [...partnerNos].join(",");
      const said = client.publish(channel, who === null ? text : `${who} ${text}`);
      if (channel === channels.held) said.catch(fault);
      else
        said.then(
          // In a Redis Cluster this counts one node only: a ring too many then, never one too few.
          (heard) => heard === 0 && unheard(channel, partnerNos),
          () => unheard(channel, partnerNos),
        );
    }
  };
  const unheard = (channel: string, partnerNos: Iterable<number>) => {
    const gone = channel.slice(`${prefix}:rings:`.length);
    for (const known of [lately, before])
      for (const [partnerNo, holder] of known) if (holder === gone) known.delete(partnerNo);
    undelivered([...partnerNos]);
  };

  let echo = () => {};
  listener.on("message", (channel: string, message: string) => {
    if (channel === channels.own && message === "") return echo();
    if (channel !== channels.held) return (channel === channels.own ? onRings : onTold)(numbers(message));
    forgetOld();
    const space = message.indexOf(" ");
    const holder = message.slice(0, space);
    for (const partnerNo of numbers(message.slice(space + 1))) note(holder, partnerNo);
  });

  return {
    id,
    holderOf(partnerNo) {
      forgetOld();
      const holder = lately.get(partnerNo) ?? before.get(partnerNo);
      return holder === undefined || holder === nobody ? null : holder;
    },
    hold(partnerNo) {
      forgetOld();
      if (lately.get(partnerNo) === id) return;
      note(id, partnerNo);
      say(channels.held, id, partnerNo);
    },
    release(partnerNo) {
      if (this.holderOf(partnerNo) !== id) return;
      note(nobody, partnerNo);
      say(channels.held, nobody, partnerNo);
    },
    ring: (holder, partnerNo) => say(`${prefix}:rings:${holder}`, null, partnerNo),
    tellAll(partnerNos) {
      client.publish(channels.told, partnerNos.join(",")).catch(fault);
    },
    async join() {
      await listener.subscribe(...Object.values(channels));
    },
    async prove() {
      let heard = false;
      const over = new AbortController();
      echo = () => {
        heard = true;
        over.abort();
      };
      await client.publish(channels.own, "");
      if (!heard) await clock.sleep(echoWithinMs, over.signal);
      // If this process itself stood still, what came meanwhile is read first.
      if (!heard) await new Promise((resolve) => setImmediate(resolve));
      if (!heard) throw new RedisTrouble("silent", echoWithinMs);
    },
    leave: () =>
      listener.unsubscribe(channels.own).then(
        () => {},
        () => {},
      ),
  };
}

const numbers = (list: string): number[] => list.split(",").map(Number);
