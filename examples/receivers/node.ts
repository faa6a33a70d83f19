import { createServer, type Server } from "node:http";
import type { Endpoint } from "@postrider/receiver";
import { nodeHandler } from "@postrider/receiver/node";

export function nodeServer(endpoint: Endpoint): Server {
  const post = nodeHandler(endpoint);
  return createServer((request, response) => void post(request, response));
}
