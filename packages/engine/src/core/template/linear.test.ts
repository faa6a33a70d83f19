import { afterEach, expect, test, vi } from "vitest";
import { compileStrictly } from "./compile-strictly.ts";
import { compileTemplate, type TemplateSource } from "./compile.ts";
import { renderTemplate } from "./render.ts";
import { compiled, factsWith } from "./template.fixture.ts";

afterEach(() => vi.restoreAllMocks());

/** The methods before they are spied on. */
const indexOf: typeof String.prototype.indexOf = Reflect.get(String.prototype, "indexOf");
const charCodeAt: typeof String.prototype.charCodeAt = Reflect.get(String.prototype, "charCodeAt");
const slice: typeof String.prototype.slice = Reflect.get(String.prototype, "slice");
const exec: typeof RegExp.prototype.exec = Reflect.get(RegExp.prototype, "exec");

/** The characters looked at while `work` runs, whichever way the code looks at them. No clock is involved. */
function stepsOf(work: () => unknown): number {
  let steps = 0;
  vi.spyOn(String.prototype, "indexOf").mockImplementation(function (this: string, search, from = 0) {
    const found = indexOf.call(this, search, from);
    steps += (found === -1 ? this.length : found) - from + 1;
    return found;
  });
  vi.spyOn(String.prototype, "charCodeAt").mockImplementation(function (this: string, index) {
    steps += 1;
    return charCodeAt.call(this, index);
  });
  vi.spyOn(String.prototype, "slice").mockImplementation(function (this: string, start, end) {
    const text = slice.call(this, start, end);
    steps += text.length;
    return text;
  });
  vi.spyOn(RegExp.prototype, "exec").mockImplementation(function (this: RegExp, text) {
    const from = this.global || this.sticky ? this.lastIndex : 0;
    const match = exec.call(this, text);
    if (this.sticky) steps += (match?.[0].length ?? 0) + 1;
    else steps += (match === null ? text.length : match.index + match[0].length) - from + 1;
    return match;
  });
  work();
  vi.restoreAllMocks();
  return steps;
}

/** How many times more steps twice the input costs: about 2 when linear, about 4 when quadratic. */
function growth(work: (size: number) => () => unknown): number {
  const [small, large] = [work(500), work(1000)];
  const [few, many] = [stepsOf(small), stepsOf(large)];
  return few < 500 ? Number.NaN : many / few;
}

const linear = 2.3;

const quadratic = (size: number) => () => {
  for (let from = 0; from < size; from += 1) "a".repeat(size).indexOf("b", from);
};

test("the meter sees a quadratic", () => {
  expect(growth(quadratic)).toBeGreaterThan(3);
});

const units = [
  "{",
  "}",
  "{{",
  "{{{",
  "}}}",
  "{data.x}",
  "{data.x",
  "{x{",
  '{data.x|default:"',
  '{data.x|default:"}"}',
  '{data["',
  "{data.x|map:{",
  "{data.x|map:{{}",
  '{data.x|map:{"a":"',
  '{data.x|map:{"}":{',
  "{data.x|map:[}",
  '{data.x|map:{"a":1}|bogus}',
  "|lower",
  ":secret.k",
  "{a|b",
  "\\",
  '"',
  '\\"',
  "%",
  "%%",
  "%%a",
  "!!!",
  "!!!a",
  "[",
  "[a",
  "=[a",
  "$",
  "${",
  "#",
  "/",
  "//",
  "&",
  "&=",
  "=",
  "..",
  "/.",
  "@",
  ":",
  "é",
  " ",
  "\ud800",
  "__a",
  "__A__",
  "<a ",
  "[A_B]",
  "%7Ba",
  "%7Ba%7D",
  "&amp;",
  "¤a",
  "¤a=",
  "xxxx-",
  "YOUR_",
  "YOUR_A ",
];

test.each(units)("compiling %j over and over is linear", (unit) => {
  const leaf = (size: number): TemplateSource => ({
    method: "POST",
    url: "https://t.example/",
    headers: { "x-a": unit.repeat(size) },
    body: [unit.repeat(size)],
  });
  expect(growth((size) => () => compileTemplate(leaf(size)))).toBeLessThan(linear);
  // A URL is limited to 8,000 characters: repeat less, so that the limit does not hide the work.
  const url = (size: number) => `https://t.example/?a=${unit.repeat(size / 2)}`;
  expect(growth((size) => () => compileTemplate({ method: "GET", url: url(size) }))).toBeLessThan(linear);
  expect(growth((size) => () => compileStrictly(leaf(size)))).toBeLessThan(linear);
  expect(growth((size) => () => compileStrictly({ method: "GET", url: url(size) }))).toBeLessThan(linear);
});

test.each([
  (size: number) => `{"x":"${"\\\\".repeat(size)}"}`,
  (size: number) => `{"x":"${'\\"'.repeat(size)}"}`,
  (size: number) => `{"a":[${'{"a":[],"x":1},'.repeat(size)}1],"x":1}`,
  (size: number) => `{"x":${"[".repeat(size)}${"]".repeat(size)}}`,
  (size: number) => `{"x":${'{"x":'.repeat(size)}1${"}".repeat(size)}}`,
  (size: number) => `{${'"x":1,'.repeat(size)}"x":2}`,
  (size: number) => `{${'"y":{"x":{"z":1}},'.repeat(size)}"x":2}`,
  (size: number) => `{"x":[${" ,1".repeat(size).slice(2)}]}`,
])("rendering hostile data is linear (%#)", (data) => {
  const sources: TemplateSource[] = [
    {
      method: "POST",
      url: "https://t.example/",
      body: { a: "{data.x}", b: "-{data.x.x.x}", c: "{data.y.x.z}" },
    },
    { method: "POST", url: "https://t.example/", body: "form" },
    { method: "POST", url: "https://t.example/?a={data.x}&b={data.y.x}", body: "form" },
    {
      method: "POST",
      url: "https://t.example/",
      body: ["{data.x|json|html|urlencode}", "{data.y|json|md5}"],
    },
  ];
  for (const source of sources) {
    const template = compiled(source);
    const work = (size: number) => {
      const facts = factsWith(data(size));
      return () => renderTemplate(template, facts);
    };
    expect(growth(work)).toBeLessThan(linear);
  }
});
