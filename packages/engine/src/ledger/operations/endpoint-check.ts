import { durationsIn, endpointDocument, eventPatternForm, pathText } from "@postrider/contract";
import type { EndpointDocument } from "../../core/documents.ts";
import { unstorableTexts } from "../../core/document-texts.ts";
import { parseDurationMs } from "../../core/duration.ts";
import { readExchangeSettings } from "../../core/exchange-settings.ts";
import { type Issue, PostriderError } from "../../core/errors.ts";
import { type AllowedTargets, checkNewTarget } from "../../core/target.ts";
import {
  asIssue,
  compileStrictly,
  compileTemplate,
  type CompileResult,
  isOnlyPasted,
  type Template,
  type TemplateIssue,
} from "../../core/template/index.ts";
import { type CompiledVerdicts, compileVerdicts, verdictIssueCodes } from "../../core/verdicts/index.ts";

/**
 * Refuses an endpoint document that could not be dispatched, before it is stored.
 *
 * @returns why a document must not be new: it looks as if it was pasted from another platform. One that is stored with
 *   the same template may be put again, so that it can be paused or given another rate. Null for most.
 * @throws PostriderError `invalid_template`, `invalid_target`, `invalid_duration`, `invalid_request`, with the places in `issues`
 */
export function checkEndpoint(
  document: EndpointDocument,
  allowedTargets: AllowedTargets,
): PostriderError | null {
  const strictly = compileStrictly(document);
  if (!strictly.ok && !isOnlyPasted(strictly.issues)) throw invalidTemplate(strictly.issues);
  const template = templateOf(strictly.ok ? strictly : compileTemplate(document));
  checkVerdicts(document);
  checkTexts("endpoint document", document);
  // Macros cannot stand before the path, so the origin is what every rendered URL has.
  const target = checkNewTarget(template.origin, allowedTargets);
  if (!target.ok)
    throw new PostriderError("invalid_target", target.message, {
      issues: [{ path: "url", message: target.message }],
    });
  checkDurations(document);
  readExchangeSettings(document);
  const badPattern = document.events.findIndex((pattern) => !eventPatternForm.test(pattern));
  if (badPattern >= 0) {
    const message = "must be an event type such as conversion.approved, a prefix such as conversion.*, or *";
    throw new PostriderError("invalid_request", `events[${badPattern}] ${message}.`, {
      issues: [{ path: `events[${badPattern}]`, message }],
    });
  }
  return strictly.ok ? null : invalidTemplate(strictly.issues);
}

function invalidTemplate(found: readonly TemplateIssue[]): PostriderError {
  const issues = found.map(asIssue);
  return new PostriderError("invalid_template", issues[0]?.message ?? "The template cannot be compiled.", {
    hint: `Correct each place named in issues; docs/reference/templates.md describes the language.${isOnlyPasted(found) ? " postrider endpoints import translates URLs of other platforms." : ""}`,
    issues,
  });
}

/**
 * Whether a document only goes on with the requests of the stored one, which was stored before pasted templates were
 * refused. If the stored one is literal, the new one takes that back, and is checked as a new one.
 *
 * @example goesOnWith(stored, { ...stored, enabled: false }) // true
 */
export function goesOnWith(stored: EndpointDocument | null, document: EndpointDocument): boolean {
  const requestOf = ({ url, headers, parameters, body }: EndpointDocument) =>
    JSON.stringify([url, headers, parameters, body]);
  return stored !== null && !stored.literal && requestOf(stored) === requestOf(document);
}

/** @throws PostriderError `invalid_template` */
function templateOf(compiled: CompileResult): Template {
  if (!compiled.ok) throw invalidTemplate(compiled.issues);
  return compiled.template;
}

/**
 * Refuses an endpoint that uses a constant which its partner does not have. A secret that is not set is no reason to
 * refuse: files make endpoints before anybody sets the secrets.
 *
 * @param constants the partner's, as JSON text
 * @throws PostriderError `invalid_template`, with the places in `issues`
 */
export function checkConstants(document: EndpointDocument, constants: string): void {
  if (!JSON.stringify(document).includes("const")) return;
  const names = new Map(Object.entries(JSON.parse(constants) as Record<string, string>));
  templateOf(compileTemplate(document, { constants: names }));
}

/**
 * The verdict rules of a document, compiled; null if it has none.
 *
 * @throws PostriderError `invalid_template` if a macro cannot be compiled, else `invalid_request`, with the places in `issues`
 */
export function checkVerdicts(document: Pick<EndpointDocument, "verdicts">): CompiledVerdicts | null {
  const compiled = compileVerdicts(document);
  if (compiled.ok) return compiled.verdicts;
  const { issues } = compiled;
  const [first] = issues;
  const own: readonly (string | undefined)[] = verdictIssueCodes;
  const code = issues.every((issue) => own.includes(issue.code)) ? "invalid_request" : "invalid_template";
  throw new PostriderError(code, `The verdict rules cannot be used: ${first?.path}: ${first?.message}`, {
    hint: "Correct each place named in issues; docs/reference/verdicts.md describes the rules.",
    issues,
  });
}

/**
 * Refuses texts that cannot be stored and sent.
 *
 * @throws PostriderError `invalid_request`, with the places in `issues`
 */
export function checkTexts(what: string, document: unknown): void {
  const issues = unstorableTexts(document);
  const [first] = issues;
  if (!first) return;
  throw new PostriderError(
    "invalid_request",
    `The ${what} cannot be stored: ${first.path} ${first.message}.`,
    {
      hint: "Correct each place named in issues. Event data may hold such text; documents may not.",
      issues,
    },
  );
}

function checkDurations(document: EndpointDocument): void {
  const issues = durationsIn(endpointDocument, document).flatMap(({ path, text }): Issue[] => {
    try {
      parseDurationMs(text);
      return [];
    } catch (error) {
      if (!(error instanceof PostriderError)) throw error;
      return [{ path: pathText(path), message: error.message }];
    }
  });
  const [first] = issues;
  if (first) {
    throw new PostriderError("invalid_duration", `${first.path}: ${first.message}`, {
      hint: "Write a number and a unit, at most 365 days: 250ms, 5s, 10m, 2h, 3d.",
      issues,
    });
  }
}
