import { readFileSync } from "node:fs";

/** A file of the page as it is served. */
export interface PageFile {
  type: string;
  text: string;
}

/** Nothing but the sandbox's own files runs, and nothing is sent anywhere else. */
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const load = (file: URL, type: string) => (): PageFile => ({ type, text: readFileSync(file, "utf8") });
const script = "text/javascript; charset=utf-8";

/** By path; read when asked for, as most sandboxes never show a page. */
export const pageFiles: ReadonlyMap<string, () => PageFile> = new Map([
  ["/", load(new URL("./page.html", import.meta.url), "text/html; charset=utf-8")],
  ["/_sandbox/page/page.css", load(new URL("./page.css", import.meta.url), "text/css; charset=utf-8")],
  ["/_sandbox/page/page.js", load(new URL("./page.js", import.meta.url), script)],
  ["/_sandbox/page/render.js", load(new URL("./render.js", import.meta.url), script)],
]);

/** Whether who asks reads HTML: browsers name it, curl and scripts take anything. */
export function wantsPage(accept: string | undefined): boolean {
  return accept !== undefined && /\btext\/html\b/i.test(accept);
}
