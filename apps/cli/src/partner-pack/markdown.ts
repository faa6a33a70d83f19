import type { Block, Inline } from "./blocks.ts";

/** The page as Markdown (GitHub's). Whatever stands in a text is shown, never obeyed. */
export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(block).join("\n\n")}\n`;
}

function block(item: Block): string {
  switch (item.kind) {
    case "heading":
      return `${"#".repeat(item.level)} ${escaped(item.text)}`;
    case "text":
      return item.parts.map(inline).join("");
    case "list":
      return item.items.map((parts) => `- ${parts.map(inline).join("")}`).join("\n");
    case "table":
      return [item.head, item.head.map(() => "---"), ...item.rows]
        .map((cells, index) => `| ${cells.map((cell) => (index === 1 ? cell : escaped(cell))).join(" | ")} |`)
        .join("\n");
    case "code":
      return fenced(item.language, item.text);
  }
}

function inline(part: Inline): string {
  if (typeof part === "string") return escaped(part);
  if ("link" in part) return `[${escaped(part.link)}](${part.link})`;
  const ticks = fenceFor(part.code, 1);
  const space = /^`|`$/.test(part.code) ? " " : "";
  return `${ticks}${space}${part.code.replaceAll(/\s+/g, " ")}${space}${ticks}`;
}

function fenced(language: string, content: string): string {
  const fence = fenceFor(content, 3);
  return `${fence}${language}\n${content.replace(/\n$/, "")}\n${fence}`;
}

/** Longer than any run of backticks within. */
function fenceFor(content: string, shortest: number): string {
  const longest = Math.max(0, ...(content.match(/`+/g) ?? []).map((run) => run.length));
  return "`".repeat(Math.max(shortest, longest + 1));
}

const escaped = (words: string): string =>
  words.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>|#~{}]/g, String.raw`\$&`);
