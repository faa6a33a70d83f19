// oxlint-disable-next-line no-restricted-imports -- an example for partners, who bring their own framework
import { Hono } from "hono";
import type { Endpoint } from "@postrider/receiver";
import { webHandler } from "@postrider/receiver/web";

// The same handler is a Next route (export const POST = webHandler(endpoint)), a Worker's fetch, Deno.serve's, Bun.serve's.
export function honoApp(endpoint: Endpoint): Hono {
  const post = webHandler(endpoint);
  return new Hono().post("/postbacks", (context) => post(context.req.raw));
}
