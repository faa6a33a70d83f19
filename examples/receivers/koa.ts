import Koa from "koa";
import type { Endpoint } from "@postrider/receiver";
import { koaMiddleware } from "@postrider/receiver/koa";

export function koaApp(endpoint: Endpoint): Koa {
  const post = koaMiddleware(endpoint);
  return new Koa().use((context, next) => (context.path === "/postbacks" ? post(context) : next()));
}
