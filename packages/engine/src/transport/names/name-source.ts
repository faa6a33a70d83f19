/** One address that a name resolves to. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name. Rejects with an error that has a `code` if it has none. */
export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** A way to look names up, and what it knows of the time that a look-up took. */
export interface NameSource {
  readonly lookup: Lookup;
  /** Asks the name servers something that they can answer by themselves. */
  probe?(): void;
  /** When a name server last answered anything, in monotonic milliseconds. */
  answeredAtMs?(): number;
  /** True while a name waits in this process, for others before it. */
  waits?(hostname: string): boolean;
  /** Called after each look-up with whether it ended within its deadline. */
  ended?(hostname: string, inTime: boolean): void;
}
