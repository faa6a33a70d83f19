import type { Reclassification } from "@postrider/contract";

/** All pages of a reclassification as one. */
export type Reclassified = Omit<Reclassification, "next_cursor" | "replay">;

/**
 * Adds pages up: groups that are alike become one, with the first examples.
 *
 * @example mergePages([newest, older]).judged // of both
 */
export function mergePages(pages: readonly Reclassification[]): Reclassified {
  const groups = new Map<string, Reclassification["groups"][number]>();
  for (const group of pages.flatMap((page) => page.groups)) {
    const key = `${group.reason} ${group.would_be} ${group.rule}`;
    const known = groups.get(key);
    groups.set(key, known === undefined ? group : { ...known, count: known.count + group.count });
  }
  const sum = (of: (page: Reclassification) => number) => pages.reduce((total, page) => total + of(page), 0);
  return {
    judged: sum((page) => page.judged),
    wrongly_delivered: sum((page) => page.wrongly_delivered),
    groups: [...groups.values()].sort((a, b) => b.count - a.count),
    not_judged: {
      no_answer: sum((page) => page.not_judged.no_answer),
      not_kept: sum((page) => page.not_judged.not_kept),
      cut: sum((page) => page.not_judged.cut),
    },
  };
}
