import { compileTemplate, type CompileOptions, type Template, type TemplateSource } from "./compile.ts";
import { compileStrictly } from "./compile-strictly.ts";
import type { PostbackFacts } from "./facts.ts";
import { type RenderedPostback, renderTemplate } from "./render.ts";
import type { RenderFailure } from "./render-failure.ts";

/** Facts of a made-up delivery; `data` is JSON text or a value to be written as such. */
export function factsWith(data: unknown, others: Partial<PostbackFacts> = {}): PostbackFacts {
  return {
    eventId: "conv-1001",
    deliveryId: "dlv_7",
    type: "conversion.approved",
    schemaVersion: 1,
    occurredAt: "2026-01-31T10:00:00Z",
    acceptedAt: "2026-01-31T10:00:01Z",
    partner: "acme",
    endpoint: "main",
    attempt: 2,
    dataText: typeof data === "string" ? data : JSON.stringify(data),
    ...others,
  };
}

/** Compiles a template that is expected to be right. */
export function compiled(source: TemplateSource, options?: CompileOptions): Template {
  const result = compileTemplate(source, options);
  if (!result.ok) throw new Error(JSON.stringify(result.issues, null, 2));
  return result.template;
}

/** Compiles with a partner's texts and renders what is expected to succeed; a string is a GET template. */
export function sentWith(
  source: string | TemplateSource,
  options: CompileOptions,
  data: unknown = {},
): RenderedPostback {
  const template = compiled(typeof source === "string" ? { method: "GET", url: source } : source, options);
  const result = renderTemplate(template, factsWith(data));
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result;
}

/** Compiles and renders; a string is a GET template. */
export function rendered(
  source: string | TemplateSource,
  data: unknown,
  others: Partial<PostbackFacts> = {},
): RenderedPostback | RenderFailure {
  const template = compiled(typeof source === "string" ? { method: "GET", url: source } : source);
  return renderTemplate(template, factsWith(data, others));
}

/** Renders what is expected to succeed. */
export function sent(
  source: string | TemplateSource,
  data: unknown,
  others: Partial<PostbackFacts> = {},
): RenderedPostback {
  const result = rendered(source, data, others);
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result;
}

/** The issues of a template expected to be wrong, as `code field@position`. */
export function refused(source: string | TemplateSource, options?: CompileOptions): string[] {
  const result = compileStrictly(
    typeof source === "string" ? { method: "GET", url: source } : source,
    options,
  );
  if (result.ok) return [];
  return result.issues.map(({ code, field, position }) => `${code} ${field}@${position}`);
}
