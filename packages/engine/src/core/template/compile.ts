import type { BodyDocument, ParameterGroup, PersonalPermit } from "@postrider/contract";
import { compileDocument, plainTextOf } from "./compile-body.ts";
import { compileHeaders } from "./compile-headers.ts";
import { compileParameters } from "./compile-parameters.ts";
import { compileUrl } from "./compile-url.ts";
import { readListPath } from "./list-path.ts";
import { IssueList, type TemplateIssue } from "./issue.ts";
import { MacroRegistry, type PartnerTexts } from "./macro-registry.ts";
import { lex } from "./lex.ts";
import { watchPersonalData } from "./personal-watch.ts";
import { groupPlaces, plainPlace } from "./places.ts";
import type { BodyPlan, GroupPlan, Parameter, TemplatePlan } from "./plan.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * What the body is made of: the Standard Webhooks payload, a form, nothing, a JSON document whose strings may hold
 * macros, or one macro (`{data}`), whose JSON is the body.
 */
export type BodySource = BodyDocument;

/** A postback as an endpoint document describes it. `body` defaults to `none` for GET and DELETE, `envelope` otherwise. */
export interface TemplateSource {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodySource;
  /** Groups of parameters after those of the URL: in the query, or in the form. Default none. */
  readonly parameters?: readonly ParameterGroup[];
  /** Set if one request is made per item of a list in the event: `{item}` and `{n}` may then stand everywhere. */
  readonly fan_out?: string | null;
  /** Personal data that may leave where it leaks. Default none. */
  readonly personal_data?: readonly PersonalPermit[];
}

/**
 * A compiled template: plain immutable data, made once per endpoint version.
 *
 * `origin` is the scheme, host and port every rendered URL has; `macros` the distinct paths used, in order of
 * appearance; `secrets` and `constants` the names of the partner's own texts that are used, `missingSecrets` those that
 * the partner does not have (such a template renders nothing); `madeOfSecrets` what filters made of secrets, by the
 * secret's name, to be hidden as they are; `masked` if secrets are shown as `{secret.name}`, for
 * people only; `plan` is for the renderer only and may change its shape.
 */
export interface Template {
  readonly method: HttpMethod;
  readonly origin: string;
  readonly macros: readonly string[];
  readonly secrets: readonly string[];
  readonly constants: readonly string[];
  readonly missingSecrets: readonly string[];
  readonly madeOfSecrets: readonly (readonly [name: string, text: string])[];
  readonly masked: boolean;
  readonly plan: TemplatePlan;
}

/** What a template is compiled with. */
export type CompileOptions = PartnerTexts;

export type CompileResult =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly issues: readonly TemplateIssue[] };

/** What a body is compiled with. */
interface BodyTools {
  readonly macros: MacroRegistry;
  readonly issues: IssueList;
  readonly form: readonly Parameter[];
  readonly groups: readonly GroupPlan[];
}

/** A body that is one text: one macro alone, whose JSON it is, or a plain text. */
function planText(text: unknown, { macros, issues }: BodyTools): BodyPlan {
  const report = issues.reportFor("body.$text");
  if (typeof text === "string") {
    return { kind: "text", text: macros.parameter(lex(text, report), plainPlace, report) };
  }
  report("invalid_node", 0, '"$text" takes a text, which may hold macros.');
  return { kind: "none" };
}

function planMacro(text: string, { macros, issues }: BodyTools): BodyPlan {
  const report = issues.reportFor("body");
  const alone = lex(text, report);
  if (alone.length === 1 && alone[0]?.kind === "macro") {
    return { kind: "json", document: compileDocument(text, "body", macros, issues.reporter) };
  }
  const message = 'Write "envelope", "form", "none", a JSON document, one macro alone, or {"$text": "…"}.';
  report("invalid_body", 0, message);
  return { kind: "none" };
}

function planBody(body: BodySource, tools: BodyTools): BodyPlan {
  const { macros, issues, form, groups } = tools;
  if (body === "form") {
    return form.length + groups.length === 0
      ? { kind: "envelope_form" }
      : { kind: "form", fields: form, groups };
  }
  if (body === "envelope" || body === "none") return { kind: body };
  if (typeof body === "string") return planMacro(body, tools);
  if (typeof body === "object" && body !== null) {
    const text = plainTextOf(body);
    if (text !== undefined) return planText(text, tools);
    return { kind: "json", document: compileDocument(body, "body", macros, issues.reporter) };
  }
  issues.reportFor("body")("invalid_body", 0, 'Write "envelope", "form", "none" or a JSON document.');
  return { kind: "none" };
}

function defaultBody(method: HttpMethod): BodySource {
  return method === "GET" || method === "DELETE" ? "none" : "envelope";
}

/**
 * Compiles a postback template, or says everything that is wrong with it (at most 50 issues). Total and linear in
 * the size of the source. The language is described in `docs/reference/templates.md`.
 *
 * With the partner's `secrets` and `constants` these are put into the template now, so that they cost nothing later.
 *
 * @example
 * const compiled = compileTemplate({ method: "GET", url: "https://t.example/pb?cid={data.click_id!}" });
 * if (compiled.ok) compiled.template.origin; // "https://t.example"
 */
export function compileTemplate(source: TemplateSource, options: CompileOptions = {}): CompileResult {
  const issues = new IssueList();
  const macros = new MacroRegistry(options, typeof source.fan_out === "string");
  if (typeof source.fan_out === "string") readListPath(source.fan_out, issues.reportFor("fan_out"));
  const body = source.body ?? defaultBody(source.method);
  if (source.method === "GET" && body !== "none") {
    issues.reportFor("body")("body_not_allowed", 0, 'A GET has no body: use "none", or the method POST.');
  }
  const inForm = body === "form";
  const url = compileUrl(source.url, inForm, macros, issues.reportFor("url"));
  const places = inForm ? groupPlaces.form : groupPlaces.query;
  const groups = compileParameters(source.parameters ?? [], places, macros, issues.reporter);
  const headers = compileHeaders(source.headers ?? {}, macros, issues.reporter);
  const bodyPlan = planBody(body, { macros, issues, form: url?.form ?? [], groups });
  if (url === null || !issues.isEmpty) return { ok: false, issues: issues.toArray() };
  const urlPlan = inForm || groups.length === 0 ? url.plan : { ...url.plan, constant: null, groups };
  const { method } = source;
  const unwatched = { ...macros.build(), url: urlPlan, headers, body: bodyPlan };
  const personal = watchPersonalData(unwatched, url.origin, source.personal_data ?? []);
  const plan: TemplatePlan = { ...unwatched, personal };
  const masked = options.maskSecrets === true;
  return { ok: true, template: { method, origin: url.origin, ...macros.lists(), masked, plan } };
}
