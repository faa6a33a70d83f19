/**
 * Many callers that read at once, as eager as dashboards that do not read `Retry-After`. In a process of their own: what they
 * cost must not delay the calls that are measured.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { answerParent, givenByParent } from "./child.ts";

export interface ReaderForm {
  readonly url: string;
  readonly apiKey: string;
  /** What is read, by one after the other. */
  readonly paths: readonly string[];
  readonly readers: number;
}

/** What came of a phase. */
export interface ReaderCounts {
  /** Answers by status, of those that read. */
  readonly answers: Readonly<Record<number, number>>;
  /** Times that `/readyz` was not 200. */
  readonly notReady: number;
}

/** After a refusal. */
const againMs = 200;
const readyEveryMs = 250;

const { url, apiKey, paths, readers } = await givenByParent<ReaderForm>();
let over = new AbortController();
let loops: Promise<unknown>[] = [];
let answers: Record<number, number> = {};
let notReady = 0;

const ask = async (path: string, signal: AbortSignal) => {
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` }, signal });
  await answer.arrayBuffer();
  return answer.status;
};
const untilOver = async (signal: AbortSignal, work: () => Promise<unknown>) => {
  while (!signal.aborted) await work().catch(() => {});
};
const read = (n: number, signal: AbortSignal) =>
  untilOver(signal, async () => {
    const status = await ask(paths[n % paths.length]!, signal);
    answers[status] = (answers[status] ?? 0) + 1;
    if (status !== 200) await sleep(againMs);
  });
const watchReadiness = (signal: AbortSignal) =>
  untilOver(signal, async () => {
    if ((await ask("/readyz", signal)) !== 200) notReady += 1;
    await sleep(readyEveryMs);
  });

const watch = (count: number) => {
  over = new AbortController();
  const { signal } = over;
  [answers, notReady] = [{}, 0];
  loops = [...Array.from({ length: count }, (_, n) => read(n, signal)), watchReadiness(signal)];
};

answerParent(
  {
    /** Readiness alone is looked at. */
    watch: () => watch(0),
    read: () => watch(readers),
    async end(): Promise<ReaderCounts> {
      over.abort();
      await Promise.all(loops);
      return { answers, notReady };
    },
  },
  {},
);
