import { setTimeout as sleep } from "node:timers/promises";
import type { Sandbox } from "@postrider/sandbox";
import type { Api, Books } from "./api.ts";

const pollMs = 250;
const plainEveryMs = 1_000;

/**
 * Shows the books until `done` says so: a line that is redrawn on a terminal, elsewhere a line now and then.
 *
 * @throws Error where they stand still for `patienceMs`
 */
export async function watch(
  { api, sandbox }: { readonly api: Api; readonly sandbox: Sandbox },
  label: string,
  done: (books: Books) => boolean,
  patienceMs = 20_000,
): Promise<Books> {
  let [before, movedMs] = ["", performance.now()];
  const show = createDisplay();
  for (;;) {
    const books = await api.books();
    const over = done(books);
    const line = `${label}: ${describe(books)}, ${await requestsOf(sandbox)} requests at the partners`;
    show(`  ${line}`, over);
    if (over) return books;
    if (line !== before) [before, movedMs] = [line, performance.now()];
    if (performance.now() - movedMs > patienceMs) {
      throw new Error(`Nothing moved for ${patienceMs / 1_000} s: ${line}.`);
    }
    await sleep(pollMs);
  }
}

function createDisplay(): (line: string, last: boolean) => void {
  const { stdout } = process;
  let shownMs = Number.NEGATIVE_INFINITY;
  return (line, last) => {
    if (stdout.isTTY) stdout.write(`\r\u001b[2K${line.slice(0, stdout.columns - 1)}${last ? "\n" : ""}`);
    else if (last || performance.now() - shownMs >= plainEveryMs) {
      stdout.write(`${line}\n`);
      shownMs = performance.now();
    }
  };
}

async function requestsOf(sandbox: Sandbox): Promise<number> {
  return Object.values(await sandbox.summary()).reduce((sum, { requests }) => sum + requests, 0);
}

function describe({ accepted, pending, finished }: Books): string {
  const { delivered = 0, dead = 0 } = finished;
  return `${delivered} of ${accepted} delivered, ${dead} dead, ${pending} waiting`;
}
