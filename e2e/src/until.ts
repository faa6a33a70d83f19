const pollMs = 20;

/**
 * Asks until `look` gives something truthy, and gives that. Tests wait for facts, so the time limit is only there to
 * say what never came.
 *
 * @throws Error naming `what` after `timeoutMs`
 */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  timeoutMs = 20_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
