/**
 * Does `work` for each item, at most `limit` at a time, in their order.
 *
 * @param work answers false to stop: what has begun ends, the rest is not begun
 * @throws what `work` throws first, after all that had begun has ended
 */
export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<boolean | void>,
): Promise<void> {
  let next = 0;
  let failed: { readonly error: unknown } | null = null;
  const lane = async () => {
    while (next < items.length && failed === null) {
      const index = next++;
      try {
        if ((await work(items[index]!, index)) === false) next = items.length;
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failed !== null) throw (failed as { readonly error: unknown }).error;
}
