import { isFactRoot, type FactRoot, factRoots } from "./facts.ts";
import type { TemplateIssueCode, Words } from "./issue.ts";
import { nearestName } from "@postrider/contract";

/** The first name of a macro: a fact of the event or delivery, its data, an item of a list, or a partner's own text. */
export type Root = FactRoot | "data" | "item" | "n" | "secret" | "const";

/** The first names a macro may start with. */
export const macroRoots: readonly string[] = [...factRoots, "data", "item", "n", "secret", "const"];

/** Names of a partner's secrets and constants. */
const partnerName = /^[a-z0-9_]{1,40}$/;

/** Why a path cannot be a macro. */
interface RootFault {
  readonly code: TemplateIssueCode;
  readonly message: Words;
}

function isRoot(name: string): name is Root {
  return macroRoots.includes(name);
}

function unknownRoot(path: string, root: string): string {
  const near = nearestName(root, macroRoots);
  const remedy =
    near === null
      ? `the event's own fields are written {data.${path}}`
      : `did you mean {${near}${path.slice(root.length)}}`;
  return `Unknown macro {${path}}: ${remedy}${near === null ? "." : "?"} Known: ${macroRoots.join(", ")}.`;
}

/**
 * The root that the path begins with, or why there is none: an unknown name, fields of a fact, or a secret or constant
 * without a name of its own. `path` is the macro's path as written.
 */
export function readRoot(root: string, segments: readonly string[], path: string): Root | RootFault {
  if (!isRoot(root)) {
    return { code: "unknown_macro", message: () => unknownRoot(path.slice(0, 80), root.slice(0, 80)) };
  }
  if (root === "secret" || root === "const") {
    if (segments.length === 1 && partnerName.test(segments[0] as string)) return root;
    const message = `Write {${root}.name}, with a name of lower-case letters, digits and "_", at most 40.`;
    return { code: "unknown_macro", message };
  }
  if (segments.length > 0 && (isFactRoot(root) || root === "n")) {
    const message = `{${root}} has no fields: write {${root}}, or {data.…} for the event's data.`;
    return { code: "unknown_macro", message };
  }
  return root;
}
