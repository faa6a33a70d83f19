import { type Dispatcher, errors, type Pool } from "undici";

/**
 * Pools without a connection are kept while there are so few in all, with some 30 kB each. A partner that closes each
 * connection would else have its pool and two clients made again for each postback, and V8's short collections copy what
 * became of the old ones: they took 8 ms in place of 2.
 */
const mostKept = 500;
const looksPerOpening = 4;
/** A pool that has made more clients is not kept: it holds them all. */
const mostClients = 8;

/** Makes the pool of an origin; it calls `made` for each client. */
export type CreatePool = (origin: string, made: () => void) => Pool;

interface Kept {
  readonly pool: Pool;
  readonly clients: () => number;
}

const isUnused = ({ pool: { stats } }: Kept): boolean => stats.connected === 0 && stats.size === 0;

/** The connections to each scheme://host:port. Any number of origins leaves no more than {@link mostKept} pools behind. */
export class OriginPools {
  readonly #create: CreatePool;
  readonly #pools = new Map<string, Kept>();
  #closed = false;

  constructor(create: CreatePool) {
    this.#create = create;
  }

  /** Pools, in use or not. */
  get size(): number {
    return this.#pools.size;
  }

  dispatch(origin: string, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.#closed) return handler.onResponseError?.(null as never, new errors.ClientClosedError());
    const { pool } = this.#pools.get(origin) ?? this.#open(origin);
    pool.dispatch(options, handler);
  }

  /** Resolves when all that is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#pools.values(), ({ pool }) => pool.close()));
    this.#pools.clear();
  }

  #open(origin: string): Kept {
    if (this.#pools.size >= mostKept) this.#closeOldest();
    let clients = 0;
    const pool = this.#create(origin, () => (clients += 1));
    const kept: Kept = { pool, clients: () => clients };
    // The request whose connection failed is not over yet when it is told.
    const lookLater = () => queueMicrotask(() => this.#closeIfUnused(origin, kept));
    pool.on("disconnect", lookLater).on("connectionError", lookLater);
    this.#pools.set(origin, kept);
    return kept;
  }

  /** Of those that were opened first a few: what is in use becomes the youngest. */
  #closeOldest(): void {
    for (const [origin, kept] of this.#pools.entries().take(looksPerOpening).toArray()) {
      this.#pools.delete(origin);
      if (isUnused(kept)) void kept.pool.close();
      else this.#pools.set(origin, kept);
    }
  }

  #closeIfUnused(origin: string, kept: Kept): void {
    if (this.#closed || this.#pools.get(origin) !== kept) return;
    if (this.#pools.size <= mostKept && kept.clients() <= mostClients) return;
    if (!isUnused(kept)) return;
    this.#pools.delete(origin);
    void kept.pool.close();
  }
}
