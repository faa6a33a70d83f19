/** A name server of the bench: names that begin with `silent` are never answered, all others are 127.0.0.1. */
import { startDnsServer } from "@postrider/engine/testing";
import { answerParent, givenByParent } from "./child.ts";

await givenByParent();
const server = await startDnsServer((name) => (name.startsWith("silent") ? "silence" : ["127.0.0.1"]));
answerParent({}, { address: server.address });
