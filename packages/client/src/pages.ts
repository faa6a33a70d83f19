import { UnexpectedAnswerError } from "./errors.ts";

/**
 * The pages of a list, one after the other, as long as there are more.
 *
 * @param read reads the page that a cursor names; undefined: the first
 * @param from the cursor to begin at
 * @throws UnexpectedAnswerError if the server answers with the same page twice
 * @example for await (const page of readPages((cursor) => client.listPartners({ cursor }))) show(page.partners);
 */
export async function* readPages<Page extends { readonly next_cursor?: string | undefined }>(
  read: (cursor: string | undefined) => Promise<Page>,
  from?: string,
): AsyncGenerator<Page, void> {
  let cursor = from;
  do {
    const page = await read(cursor);
    yield page;
    if (page.next_cursor !== undefined && page.next_cursor === cursor)
      throw new UnexpectedAnswerError("The server answered with the same page twice.", 200);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
}

/** The entries of all pages of a list. */
export async function* readEntries<Page extends { readonly next_cursor?: string | undefined }, Entry>(
  read: (cursor: string | undefined) => Promise<Page>,
  entriesOf: (page: Page) => readonly Entry[],
): AsyncGenerator<Entry, void> {
  for await (const page of readPages(read)) yield* entriesOf(page);
}
