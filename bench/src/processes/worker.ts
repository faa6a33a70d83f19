/** A worker of the bench: the engine with the server's worker role, without HTTP, log and bounds of the heap. */
import { openEngine } from "@postrider/engine";
import { growYoungGeneration } from "../../../apps/server/src/heap.ts";
import { answerParent, givenByParent } from "./child.ts";
import { type EngineForm, engineOptions } from "../system/engine-options.ts";

growYoungGeneration();
const engine = await openEngine(engineOptions(await givenByParent<EngineForm>()));
await engine.start();
process.once("SIGTERM", () => void engine.stop(1_000).then(() => process.exit(0)));
answerParent({ progress: () => engine.progress() }, { turns: engine.description.turns });
