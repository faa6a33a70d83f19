import fastify, { type FastifyInstance } from "fastify";
import type { Endpoint } from "@postrider/receiver";
import { fastifyPostbacks } from "@postrider/receiver/fastify";

export async function fastifyApp(endpoint: Endpoint): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(fastifyPostbacks(endpoint, { path: "/postbacks" }));
  return app;
}
