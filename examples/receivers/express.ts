import express, { type Express } from "express";
import type { Endpoint } from "@postrider/receiver";
import { expressHandler, keepRawBody } from "@postrider/receiver/express";

export function expressApp(endpoint: Endpoint): Express {
  const app = express();
  // A global parser may stay, if it keeps the bytes.
  app.use(express.json({ verify: keepRawBody }));
  app.post("/postbacks", expressHandler(endpoint));
  return app;
}
