/** Resolves with the work, or when `signal` aborts. */
export async function waitUnlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let giveUp = () => {};
  const aborted = new Promise<void>((resolve) => (giveUp = resolve));
  signal.addEventListener("abort", giveUp);
  await Promise.race([work, aborted]);
  signal.removeEventListener("abort", giveUp);
}
