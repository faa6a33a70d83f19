import type { Issue } from "../errors.ts";

/**
 * Every code a {@link TemplateIssue} can carry. Codes are API: once published they keep their meaning.
 * `docs/reference/templates.md` has one row per code; a test holds the two together.
 */
export const templateIssueCodes = [
  "unclosed_macro",
  "stray_brace",
  "invalid_macro",
  "unknown_macro",
  "unknown_constant",
  "item_not_allowed",
  "unknown_filter",
  "invalid_argument",
  "filter_mismatch",
  "modifier_conflict",
  "macro_not_allowed",
  "optional_in_path",
  "foreign_macro",
  "html_entity",
  "placeholder",
  "personal_data",
  "invalid_scheme",
  "user_info_not_allowed",
  "invalid_host",
  "fragment_not_allowed",
  "dot_segment",
  "forbidden_character",
  "malformed_percent",
  "url_too_long",
  "invalid_header_name",
  "forbidden_header",
  "duplicate_header",
  "body_not_allowed",
  "invalid_body",
  "invalid_node",
  "invalid_parameters",
] as const;

export type TemplateIssueCode = (typeof templateIssueCodes)[number];

/**
 * One reason why a template was refused.
 *
 * `field` names the string at fault (`url`, `headers.x-a`, `body.user.ids[0]`), `position` is the 0-based
 * UTF-16 index in it, `message` says what is wrong and what to write instead.
 */
export interface TemplateIssue {
  readonly code: TemplateIssueCode;
  readonly field: string;
  readonly position: number;
  readonly message: string;
}

/** The issue as an error lists it. */
export const asIssue = ({ field, position, code, message }: TemplateIssue): Issue => ({
  path: field,
  position,
  code,
  message,
});

/** The words of an issue. A function for words that cost a search: issues that are not listed need none. */
export type Words = string | (() => string);

/** Takes one issue of the field being compiled. */
export type Report = (code: TemplateIssueCode, position: number, message: Words) => void;

/** Issues beyond this number are not listed: an operator mends the first ones first. */
const issueLimit = 50;
/** Letters of a field that are shown: a key can be as long as the document. */
const longestField = 300;

/** Collects the issues of one compilation: one per place, the first found there, in order of position. */
export class IssueList {
  readonly #byPlace = new Map<string, TemplateIssue>();

  /** A {@link Report} that files issues under `field`. */
  reportFor(field: string): Report {
    return (code, position, message) => {
      const place = `${position} ${field}`;
      if (this.#byPlace.size < issueLimit && !this.#byPlace.has(place)) {
        const words = typeof message === "string" ? message : message();
        const shown = field.length > longestField ? `${field.slice(0, longestField).toWellFormed()}…` : field;
        this.#byPlace.set(place, { code, field: shown, position, message: words });
      }
    };
  }

  /** {@link reportFor}, to be handed on. */
  readonly reporter = (field: string): Report => this.reportFor(field);

  get isEmpty(): boolean {
    return this.#byPlace.size === 0;
  }

  /** The issues, those of one field sorted by position. */
  toArray(): readonly TemplateIssue[] {
    const issues = [...this.#byPlace.values()];
    return issues.sort((a, b) => (a.field === b.field ? a.position - b.position : 0));
  }
}
