import { personalPermits } from "@postrider/contract";
import { expect, test } from "vitest";
import { compileTemplate, type TemplateSource } from "./compile.ts";
import { renderTemplate } from "./render.ts";
import {
  filled,
  type Filled,
  type Known,
  type Part,
  parts,
  type Pick,
  pickFrom,
  type SeededEvent,
  seededEvent,
  written,
} from "./seeded-cases.fixture.ts";
import { factsWith } from "./template.fixture.ts";

/** `POSTRIDER_TEMPLATE_RUNS=1000000` runs as many; the seed goes with each failure. */
const runs = Number(process.env["POSTRIDER_TEMPLATE_RUNS"] ?? 20_000);
const firstSeed = Number(process.env["POSTRIDER_TEMPLATE_SEED"] ?? 20_260_131);

const urlWords = ["x", "-", "a.b", "1", "%20", "!", "~"];
const textWords = ["x", " ", "é", "&", "=", '"', "\\", "/?#", "%7B", "50%", "{{", "}}"];
/** A literal brace is written twice. */
const said = (word: string): string => (word === "{{" ? "{" : word === "}}" ? "}" : word);

/** One place of a template, and the places it becomes: one, or one per item. */
interface Field {
  readonly name: string;
  readonly of: readonly Part[];
}

type Group =
  | { readonly kind: "once"; readonly fields: readonly Field[] }
  | { readonly kind: "each"; readonly from: number; readonly fields: readonly Field[] }
  | { readonly kind: "join"; readonly join: string; readonly fields: readonly Field[] };

interface Case {
  readonly source: TemplateSource;
  readonly path: readonly (readonly Part[])[];
  readonly query: readonly Field[];
  readonly groups: readonly Group[];
  readonly header: readonly Part[];
  readonly leaves: readonly Part[][];
  readonly item: readonly Part[];
}

function fieldsOf(pick: Pick, inItem: boolean, names: readonly string[]): readonly Field[] {
  return names.slice(0, 1 + pick(names.length)).map((name) => ({ name, of: parts(pick, textWords, inItem) }));
}

function group(pick: Pick): Group {
  const kind = pick(3);
  if (kind === 0) return { kind: "once", fields: fieldsOf(pick, false, ["g", "h&=é"]) };
  if (kind === 1)
    return { kind: "each", from: pick(3), fields: fieldsOf(pick, true, ["I{n}", "p[{n}]", "q"]) };
  return {
    kind: "join",
    join: ["|", ",", "||"][pick(3)] as string,
    fields: fieldsOf(pick, true, ["s", "t"]),
  };
}

const groupSource = (of: Group): object => ({
  ...(of.kind === "once" ? {} : { each: "data.items" }),
  ...(of.kind === "each" ? { from: of.from } : {}),
  ...(of.kind === "join" ? { join: of.join } : {}),
  params: Object.fromEntries(of.fields.map(({ name, of: value }) => [name, written(value)])),
});

function makeCase(pick: Pick): Case {
  const path = Array.from({ length: pick(3) }, () => parts(pick, urlWords, false, ["", "", "!"]));
  const query = Array.from({ length: 1 + pick(3) }, (_, index) => ({
    name: `q${index}`,
    of: parts(pick, urlWords, false),
  }));
  const groups = Array.from({ length: pick(3) }, () => group(pick));
  const header = parts(pick, ["x", " ", "\t", "="], false);
  const leaves = Array.from({ length: 3 }, () => [...parts(pick, textWords, false)]);
  const item = parts(pick, textWords, true);
  const [one, two, three] = leaves.map(written);
  const body = [
    "none",
    "form",
    { $text: written(leaves[0] as Part[]) },
    { k: one, l: [two, { $json: { m: three } }], i: { $each: "data.items", do: [{ $json: written(item) }] } },
  ][pick(4)] as NonNullable<TemplateSource["body"]>;
  const search = query.map(({ name, of }) => `${name}=${written(of)}`).join("&");
  const url = `https://t.example:8443/${path.map(written).join("/")}${search === "" ? "" : `?${search}`}`;
  const parameters = groups.map(groupSource) as unknown as NonNullable<TemplateSource["parameters"]>;
  const source = {
    method: "POST",
    url,
    headers: { "x-a": `h${written(header)}` },
    body,
    parameters,
    // Hostile values look like addresses and phones now and then: here it is about places.
    personal_data: personalPermits,
  } as const;
  return { source, path, query, groups, header, leaves, item };
}

/** What may become of a case: the reasons for which nothing is sent, and the parts of the request if none holds. */
interface Expected {
  readonly reasons: ReadonlySet<string>;
  readonly segments: readonly string[];
  readonly query: readonly (readonly [string, string])[];
  readonly header: string | null;
  readonly body: readonly (readonly [string, string])[] | string | null;
}

const clean = ({ texts }: Filled): string => texts.map((text) => text.toWellFormed()).join("");

/** Places in a URL keep what is written as `%20`; what is decoded of it is a space. */
const urlText = ({ texts }: Filled, of: readonly Part[]): string =>
  texts.map((text, index) => (of[index] === "%20" ? " " : text.toWellFormed())).join("");

class Model {
  readonly reasons = new Set<string>();
  readonly #event: SeededEvent;

  constructor(event: SeededEvent) {
    this.#event = event;
  }

  fill(of: readonly Part[], known: Known = this.#event.known): Filled {
    const result = filled(
      of.map((part) => (typeof part === "string" ? said(part) : part)),
      known,
    );
    if (result.missing) this.reasons.add("missing_macro");
    return result;
  }

  /** What is repeated: for each item, and what of it must be there even without items. */
  items(from: number, repeated: readonly (readonly Part[])[]): readonly Known[] {
    const { items, known } = this.#event;
    for (const of of repeated) this.fill(of.filter((part) => typeof part !== "string" && !part.ofItem));
    if (items.length > 200) this.reasons.add("too_many_items");
    return items.slice(0, 200).map((item, index) => ({ ...known, item, n: from + index }));
  }

  groups(groups: readonly Group[]): readonly (readonly [string, string])[] {
    return groups.flatMap((one) => {
      if (one.kind === "join") return this.#joined(one.join, one.fields);
      const places = one.fields.map(({ of }) => of);
      const all = one.kind === "once" ? [this.#event.known] : this.items(one.from, places);
      return all.flatMap((known) =>
        one.fields.flatMap(({ name, of }): [string, string][] => {
          const result = this.fill(of, known);
          return result.dropped ? [] : [[name.replace("{n}", String(known.n)), clean(result)]];
        }),
      );
    });
  }

  #joined(join: string, fields: readonly Field[]): readonly (readonly [string, string])[] {
    const places = fields.map(({ of }) => of);
    const items = this.items(1, places);
    return fields.flatMap(({ name, of }): [string, string][] => {
      const columns = items.map((known) => {
        const result = this.fill(of, known);
        if (result.values.some((value) => value.includes(join))) this.reasons.add("delimiter_in_value");
        return result.dropped ? "" : result.texts.join("");
      });
      const text = columns.join(join);
      const read = text.split(join);
      const wrote = columns.flatMap((column) => column.split(join));
      if (read.join("\0") !== wrote.join("\0") && items.length > 0) this.reasons.add("delimiter_in_value");
      return items.length === 0 ? [] : [[name, text.toWellFormed()]];
    });
  }
}

/** The JSON document of a case, digit for digit. */
function documentOf(model: Model, { leaves, item }: Case): string {
  const leaf = (of: readonly Part[], known?: Known): string | null => {
    const result = model.fill(of, known);
    return result.dropped ? null : result.leaf;
  };
  const text = (json: string): string => JSON.stringify(json.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, "$1"));
  const [k, l, m] = leaves.map((of) => leaf(of));
  const inner = m === null ? "{}" : `{"m":${m}}`;
  const list = [...(l === null ? [] : [l]), text(inner)].join(",");
  const items = model.items(1, [item]).map((known) => {
    const json = leaf(item, known);
    return json === null ? "[]" : `[${text(json)}]`;
  });
  return `{${k === null ? "" : `"k":${k},`}"l":[${list}],"i":[${items.join(",")}]}`;
}

function expected(one: Case, event: SeededEvent): Expected {
  const model = new Model(event);
  const segments = one.path.map((of) => urlText(model.fill(of), of));
  if (segments.some((segment) => segment === "." || segment === "..")) model.reasons.add("path_changed");
  const own = one.query.flatMap(({ name, of }): [string, string][] => {
    const result = model.fill(of);
    return result.dropped ? [] : [[name, urlText(result, of)]];
  });
  const grouped = model.groups(one.groups);
  const header = model.fill(one.header);
  const headerText = `h${header.texts.join("")}`;
  if (!header.dropped && !/^[\t -~]*$/.test(headerText)) model.reasons.add("invalid_header");
  const { body } = one.source;
  let sent: Expected["body"] = null;
  if (body === "form") sent = [...own, ...grouped];
  else if (typeof body === "object" && "$text" in body) {
    const text = model.fill(one.leaves[0] as Part[]);
    sent = text.dropped ? null : text.texts.join("");
  } else if (typeof body === "object") sent = documentOf(model, one);
  return {
    reasons: model.reasons,
    segments,
    query: body === "form" ? [] : [...own, ...grouped],
    header: header.dropped ? null : headerText,
    body: sent,
  };
}

/** Takes a query or a form apart once, as a partner does. */
function pairsOf(text: string, isForm: boolean): readonly (readonly string[])[] {
  if (text === "") return [];
  return text.split("&").map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)].map((part) =>
      decodeURIComponent(isForm ? part.replaceAll("+", " ") : part),
    );
  });
}

/** What was sent, taken apart. */
function taken(one: Case, result: Extract<ReturnType<typeof renderTemplate>, { ok: true }>): Expected {
  const [, host, path, search = ""] = /^(https:\/\/[^/]*)\/([^?]*)(?:\?(.*))?$/.exec(result.url) ?? [];
  expect(host).toBe("https://t.example:8443");
  expect(new URL(result.url).href).toBe(result.url);
  return {
    reasons: new Set(),
    segments: one.path.length === 0 ? [] : (path ?? "").split("/").map(decodeURIComponent),
    query: pairsOf(search, false) as [string, string][],
    header: result.headers[0]?.[1] ?? null,
    body: one.source.body === "form" ? (pairsOf(result.body ?? "", true) as [string, string][]) : result.body,
  };
}

function check(seed: number): string {
  const pick = pickFrom(seed);
  const one = makeCase(pick);
  const event = seededEvent(pick);
  const compiled = compileTemplate(one.source, event);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  const result = renderTemplate(compiled.template, factsWith(event.dataText));
  const should = expected(one, event);
  if (!result.ok) {
    expect([...should.reasons]).toContain(result.reason);
    return result.reason;
  }
  expect(taken(one, result)).toEqual(should);
  return "sent";
}

test(`${runs} seeded templates and events send exactly the values, each in its place`, {
  timeout: 3_600_000,
}, () => {
  const outcomes = new Map<string, number>();
  for (let run = 0; run < runs; run += 1) {
    const seed = (firstSeed + run) >>> 0;
    try {
      const outcome = check(seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      const pick = pickFrom(seed);
      const { source } = makeCase(pick);
      const words = JSON.stringify({ seed, source, data: seededEvent(pick).dataText }, null, 1);
      throw new Error(`POSTRIDER_TEMPLATE_SEED=${seed} POSTRIDER_TEMPLATE_RUNS=1: ${words}`, {
        cause: error,
      });
    }
  }
  const enough = Object.fromEntries([...outcomes].filter(([, count]) => count >= runs / 1_000));
  expect(Object.keys(enough).toSorted()).toEqual(
    runs < 1_000
      ? [...outcomes.keys()].toSorted()
      : ["delimiter_in_value", "invalid_header", "missing_macro", "path_changed", "sent", "too_many_items"],
  );
});
