import { type ErrorCode, type Issue, issueText, nearestName, PostriderError } from "@postrider/engine";
import { z } from "zod";

/** Letters of an unknown name that is still compared with the known ones. */
const longestName = 60;

/**
 * The value, checked by a schema.
 *
 * @throws PostriderError of the given code, with one issue per wrong place
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
  code: ErrorCode = "invalid_request",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = issuesOf(result.error, schema);
  const more = issues.length > 1 ? `, and ${issues.length - 1} more` : "";
  throw new PostriderError(code, `The ${what} is not valid: ${wordsOf(issues)}${more}.`, { issues });
}

/** The first issue in one line. */
export function wordsOf(issues: readonly Issue[]): string {
  return issues[0] === undefined ? "unknown" : issueText(issues[0]);
}

/** Zod's issues in the words of the API: dotted paths, and for an unknown key the nearest known one. */
export function issuesOf(error: z.ZodError, schema: z.ZodType): Issue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [{ path: pathText(issue.path), message: issue.message }];
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const near = nearestName(key, known, longestName);
      const hint = near === null ? `; known are ${known.join(", ")}` : `; did you mean ${near}?`;
      return { path: pathText([...issue.path, key]), message: `is not known${hint}` };
    });
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

/** The keys that an object schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = bare(schema);
  for (const part of path) at = at instanceof z.ZodObject ? bare(at.shape[String(part)]) : null;
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function bare(schema: unknown): unknown {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  ) {
    return bare(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema;
}
