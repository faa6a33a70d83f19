/** What templates cost in time and memory: `node --expose-gc packages/engine/scripts/time-templates.ts`. */
import { compileTemplate, renderTemplate } from "../src/core/template/index.ts";
import { compiled, factsWith } from "../src/core/template/template.fixture.ts";
import { pickValues } from "../src/core/template/data-paths.ts";
import { printCpuTime } from "./cpu-time.ts";

const parameters = Array.from({ length: 12 }, (_, n) => `p${n}={data.f${n}}`).join("&");
const source = { method: "GET", url: `https://t.example/pb?${parameters}` } as const;
const data = Object.fromEntries(
  Array.from({ length: 16 }, (_, n) => [`f${n}`, n % 3 === 0 ? `v ${n}` : n * 1.5]),
);
const items = Array.from({ length: 3 }, (_, n) => ({ sku: `S ${n}`, price: 1.5, qty: n }));
const facts = factsWith({ ...data, items });

const get = compiled(source);
const group = compiled({
  method: "GET",
  url: "https://t.example/u",
  parameters: [{ each: "data.items", params: { "ITEM{n}": "{item.sku}", "AMT{n}": "{item.price}" } }],
});
const node = compiled({
  method: "POST",
  url: "https://t.example/",
  body: { v: { $json: { a: "{data.f0}", l: { $each: "data.items", do: "{item.sku}" } } } },
});

const cases: readonly (readonly [string, () => unknown])[] = [
  ["GET with 12 macros, rendered", () => renderTemplate(get, facts)],
  ["of this, its values picked from the data", () => pickValues(get.plan.event.paths!, facts.dataText)],
  ["GET with 12 macros, compiled", () => compileTemplate(source)],
  ["two numbered parameters of three items", () => renderTemplate(group, facts)],
  ["JSON text with a list of three items", () => renderTemplate(node, facts)],
];

for (const [name, work] of cases) printCpuTime(name, work, { runs: 7, rounds: 10_000 });

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const kept = Array.from({ length: 10_000 }, (_, n) =>
  compileTemplate({ ...source, url: `${source.url}&k=${n}` }),
);
globalThis.gc?.();
const megabytes = (process.memoryUsage().heapUsed - before) / 1e6;
process.stdout.write(`${kept.length} of them in memory: ${megabytes.toFixed(1)} MB\n`);
