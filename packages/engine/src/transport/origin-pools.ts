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

/** Which connections may carry a request: an endpoint that trusts roots of its own shares none with one that does not. */
export interface Destination {
  /** scheme://host:port */
  readonly origin: string;
  /** PEM certificates of its own roots. */
  readonly ca?: string | undefined;
}

/** A request as undici takes it, with its destination. */
export interface RoutedOptions extends Dispatcher.DispatchOptions, Destination {
  readonly origin: string;
}

/** Makes the pool of a destination; it calls `made` for each client. */
export type CreatePool = (destination: Destination, made: () => void) => Pool;

interface Kept {
  readonly pool: Pool;
  readonly clients: () => number;
}

const nameOf = ({ origin, ca }: Destination): string => (ca === undefined ? origin : `${origin}\n${ca}`);
const isUnused = ({ pool: { stats } }: Kept): boolean => stats.connected === 0 && stats.size === 0;

/** The connections to each destination. Any number of them leaves no more than {@link mostKept} pools behind. */
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

  dispatch(options: RoutedOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.#closed) return handler.onResponseError?.(null as never, new errors.ClientClosedError());
    const name = nameOf(options);
    const { pool } = this.#pools.get(name) ?? this.#open(name, options);
    pool.dispatch(options, handler);
  }

  /** Resolves when all that is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#pools.values(), ({ pool }) => pool.close()));
    this.#pools.clear();
  }

  #open(name: string, { origin, ca }: Destination): Kept {
    if (this.#pools.size >= mostKept) this.#closeOldest();
    let clients = 0;
    const pool = this.#create({ origin, ca }, () => (clients += 1));
    const kept: Kept = { pool, clients: () => clients };
    // The request whose connection failed is not over yet when it is told.
    const lookLater = () => queueMicrotask(() => this.#closeIfUnused(name, kept));
    pool.on("disconnect", lookLater).on("connectionError", lookLater);
    this.#pools.set(name, kept);
    return kept;
  }

  /** Of those that were opened first a few: what is in use becomes the youngest. */
  #closeOldest(): void {
    for (const [name, kept] of this.#pools.entries().take(looksPerOpening).toArray()) {
      this.#pools.delete(name);
      if (isUnused(kept)) void kept.pool.close();
      else this.#pools.set(name, kept);
    }
  }

  #closeIfUnused(name: string, kept: Kept): void {
    if (this.#closed || this.#pools.get(name) !== kept) return;
    if (this.#pools.size <= mostKept && kept.clients() <= mostClients) return;
    if (!isUnused(kept)) return;
    this.#pools.delete(name);
    void kept.pool.close();
  }
}
