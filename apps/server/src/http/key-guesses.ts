import { PostriderError } from "@postrider/engine";

/** Unknown keys that one address may show in a window before its further ones are answered with 429. */
const mostGuesses = 20;
const windowMs = 60_000;
/** Addresses that are counted one by one; all further ones share one count. */
const mostAddresses = 1_000;

interface Window {
  readonly startedMs: number;
  guesses: number;
}

/** Counts unknown keys by the address they come from. */
export interface KeyGuesses {
  /**
   * Counts one. The first of a window is logged.
   *
   * @throws PostriderError `rate_limited` if the address showed too many, with the seconds until it may show more
   */
  count(address: string | undefined): void;
}

/** Called once per address and window, without any key. */
export type GuessReport = (guess: { address: string; before: number }) => void;

/**
 * Makes guessing keys slow and visible. A known key is never refused for this: calls through one proxy share one address, and
 * one misconfigured caller must not lock the others out.
 */
export function createKeyGuesses(now: () => number, report: GuessReport): KeyGuesses {
  const windows = new Map<string, Window>();

  function windowOf(given: string): Window {
    const known = windows.has(given) || windows.size < mostAddresses;
    const address = known ? given : "other addresses";
    const before = windows.get(address);
    const atMs = now();
    if (before !== undefined && atMs - before.startedMs < windowMs) return before;
    const window = { startedMs: atMs, guesses: 0 };
    // Put at the end: the oldest stands first.
    windows.delete(address);
    windows.set(address, window);
    report({ address, before: before?.guesses ?? 0 });
    return window;
  }

  function forgetOld(): void {
    const atMs = now();
    for (const [address, { startedMs }] of windows) {
      if (atMs - startedMs < windowMs * 2) return;
      windows.delete(address);
    }
  }

  return {
    count(address = "unknown") {
      forgetOld();
      const window = windowOf(address);
      window.guesses += 1;
      if (window.guesses <= mostGuesses) return;
      throw new PostriderError("rate_limited", "Too many calls with unknown API keys from this address.", {
        hint: "Correct the key of the caller. Calls with a known key are answered as before.",
        retryAfterSeconds: Math.ceil((window.startedMs + windowMs - now()) / 1_000),
      });
    },
  };
}
