import type { BodyDocument } from "@postrider/contract";
import { compileDocument } from "./compile-body.ts";
import { compileHeaders } from "./compile-headers.ts";
import { compileUrl } from "./compile-url.ts";
import { IssueList, type TemplateIssue } from "./issue.ts";
import { MacroRegistry, type PartnerTexts } from "./macro-registry.ts";
import type { BodyPlan, Parameter, TemplatePlan } from "./plan.ts";

export type HttpMethod = "GET" | "POST" | "PUT";

/**
 * What the body is made of: the Standard Webhooks payload, a form, nothing, or a JSON document whose strings may
 * hold macros.
 */
export type BodySource = BodyDocument;

/** A postback as an endpoint document describes it. `body` defaults to `none` for GET, `envelope` otherwise. */
export interface TemplateSource {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodySource;
  /** Set if one request is made per item of a list in the event: `{item}` and `{n}` may then stand everywhere. */
  readonly fan_out?: string | null;
}

/**
 * A compiled template: plain immutable data, made once per endpoint version.
 *
 * `origin` is the scheme, host and port every rendered URL has; `macros` the distinct paths used, in order of
 * appearance; `secrets` and `constants` the names of the partner's own texts that are used, `missingSecrets` those that
 * the partner does not have (such a template renders nothing); `masked` if secrets are shown as `{secret.name}`, for
 * people only; `plan` is for the renderer only and may change its shape.
 */
export interface Template {
  readonly method: HttpMethod;
  readonly origin: string;
  readonly macros: readonly string[];
  readonly secrets: readonly string[];
  readonly constants: readonly string[];
  readonly missingSecrets: readonly string[];
  readonly masked: boolean;
  readonly plan: TemplatePlan;
}

/** What a template is compiled with. */
export type CompileOptions = PartnerTexts;

export type CompileResult =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly issues: readonly TemplateIssue[] };

function planBody(
  body: BodySource,
  form: readonly Parameter[],
  macros: MacroRegistry,
  issues: IssueList,
): BodyPlan {
  if (body === "form") return form.length === 0 ? { kind: "envelope_form" } : { kind: "form", fields: form };
  if (body === "envelope" || body === "none") return { kind: body };
  if (typeof body === "object" && body !== null) {
    return { kind: "json", document: compileDocument(body, macros, (field) => issues.reportFor(field)) };
  }
  issues.reportFor("body")("invalid_body", 0, 'Write "envelope", "form", "none" or a JSON document.');
  return { kind: "none" };
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
  const body = source.body ?? (source.method === "GET" ? "none" : "envelope");
  if (source.method === "GET" && body !== "none") {
    issues.reportFor("body")("body_not_allowed", 0, 'A GET has no body: use "none", or the method POST.');
  }
  const url = compileUrl(source.url, body === "form", macros, issues.reportFor("url"));
  const headers = compileHeaders(source.headers ?? {}, macros, (field) => issues.reportFor(field));
  const bodyPlan = planBody(body, url?.form ?? [], macros, issues);
  if (url === null || !issues.isEmpty) return { ok: false, issues: issues.toArray() };
  const { method } = source;
  const plan = { ...macros.build(), url: url.plan, headers, body: bodyPlan };
  const masked = options.maskSecrets === true;
  return { ok: true, template: { method, origin: url.origin, ...macros.lists(), masked, plan } };
}
