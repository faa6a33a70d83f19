/**
 * Drives a Postrider over its HTTP API, as an application would.
 *
 * With `POSTRIDER_URL` and `POSTRIDER_API_KEY` it drives one that runs already, whose `POSTRIDER_ALLOW_TARGETS` must name
 * the sink (`--sink-port` fixes its port). Without them it starts one: embedded, or with a PostgreSQL of the
 * bench's where `COMPARE_LEDGER` is `postgresql`.
 */
import { type HttpDoor, openHttpDoor } from "../src/load/http-door.ts";
import type { SenderAdapter } from "../src/load/sender-adapter.ts";
import { benchApiKey, type ServerProcess, startServerProcess } from "../src/system/server-process.ts";
import { benchDatabase } from "../src/system/servers.ts";

let started: ServerProcess | null = null;
let door: HttpDoor | null = null;

const adapter: SenderAdapter = {
  name: "Postrider",
  largestBatch: 500,
  parallelCalls: 4,

  async setup({ host, port }) {
    const url = process.env.POSTRIDER_URL;
    if (url === undefined) {
      started = await startServerProcess({
        POSTRIDER_DATA_DIR: "memory://",
        POSTRIDER_ALLOW_TARGETS: `${host}:${port}`,
        ...(process.env.COMPARE_LEDGER === "postgresql" ? { DATABASE_URL: (await benchDatabase()).url } : {}),
      });
    }
    door = openHttpDoor(url ?? started!.url, process.env.POSTRIDER_API_KEY ?? benchApiKey);
  },

  async registerEndpoint(receiver, url) {
    await door!.put(`/v1/partners/${receiver}`, { name: receiver, max_in_flight: 64 });
    await door!.put(`/v1/partners/${receiver}/endpoints/main`, { url, timeout: "10s" });
  },

  publish: (events) =>
    door!.send(
      events.map(({ id, type, receiver, dataText }) => ({
        event_id: id,
        type,
        partner: receiver,
        data_text: dataText,
      })),
    ),

  async teardown() {
    await door?.close();
    await started?.stop();
  },
};

export default adapter;
