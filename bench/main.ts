import { startSink } from "./src/sink-process.ts";
import { stopPostgres } from "./src/system.ts";
import { measureThroughput } from "./src/throughput.ts";

const sink = await startSink();
const [kind = "postgresql", partners = "1", events = "60000"] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await measureThroughput(kind as "postgresql", sink, Number(partners), Number(events))));
} finally {
  sink.stop();
  await stopPostgres();
}
