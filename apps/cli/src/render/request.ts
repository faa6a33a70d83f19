import type { ShownRequest } from "@postrider/contract";
import { type Output, say } from "../context.ts";
import { cut, plain } from "./text.ts";

const longestBody = 2_000;

/** Writes a request: its line, its headers and its body, each with a mark in front. */
export function writeRequest(out: Output, { method, url, headers, body }: ShownRequest): void {
  say(out, plain(`> ${method} ${url}`));
  for (const [name, value] of Object.entries(headers)) say(out, plain(`> ${name}: ${value}`));
  if (body) say(out, `> ${cut(plain(body), longestBody)}`);
}
