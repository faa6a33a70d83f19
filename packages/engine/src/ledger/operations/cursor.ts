import { PostriderError } from "../../core/errors.ts";

/** The opaque text of a place in a list, which is the key of the last row shown. */
export const encodeCursor = (key: string): string => Buffer.from(key).toString("base64url");

/** @throws PostriderError `invalid_request` for a text that is no cursor of a list whose keys match `form` */
export function decodeCursor(cursor: string, form: RegExp): string {
  const key = Buffer.from(cursor, "base64url").toString();
  if (encodeCursor(key) !== cursor || !form.test(key)) {
    throw new PostriderError("invalid_request", "The cursor is not one that this list gave.", {
      hint: "Pass next_cursor of the page before unchanged, or leave it out to begin with the newest.",
      issues: [{ path: "cursor", message: "must be next_cursor of the page before" }],
    });
  }
  return key;
}
