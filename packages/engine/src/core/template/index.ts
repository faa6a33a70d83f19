// Compile
export {
  type BodySource,
  type CompileOptions,
  type CompileResult,
  compileTemplate,
  type HttpMethod,
  type Template,
  type TemplateSource,
} from "./compile.ts";
export {
  importSyntaxes,
  importTemplate,
  type ImportedMacro,
  type ImportedTemplate,
  type ImportOptions,
  type ImportSyntax,
  type LeftMacro,
} from "./foreign/import-template.ts";
export { compileStrictly, isOnlyPasted } from "./compile-strictly.ts";
export type { JsonArray, JsonObject, JsonValue } from "@postrider/contract/exact-json";
export { forbiddenHeaderPrefixes, forbiddenHeaders, isForbiddenHeader } from "./compile-headers.ts";
export { asIssue, type TemplateIssue, type TemplateIssueCode, templateIssueCodes } from "./issue.ts";

// Check
export { findEmptyMacros } from "./empty.ts";
export { findPersonalLiterals, findRefusedEvents } from "./personal-recent.ts";
export { readListPath } from "./list-path.ts";
export {
  findHandwrittenJson,
  type HandwrittenJson,
  handwrittenJsonMessage,
} from "./handwritten-json.ts";
export { findUnfilledMacros, type UnfilledMacro } from "./unfilled.ts";

// Render
export type { PostbackFacts } from "./facts.ts";
export { macroRoots } from "./roots.ts";
export { mostItems } from "./evaluate.ts";
export { type RenderFailure, type RenderFailureReason, renderFailureReasons } from "./render-failure.ts";
export { type RenderedPostback, renderTemplate } from "./render.ts";
export { longestUrl } from "./url-text.ts";
