import type { Block, Inline } from "./blocks.ts";

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
pre{background:#f4f4f4;padding:.8rem;overflow:auto}code{font:.9em ui-monospace,monospace}
table{border-collapse:collapse}th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}pre{background:#242424}th,td{border-color:#444}a{color:#8ab4f8}}`;

/** The page as one HTML file: no script, nothing loaded from elsewhere, everything escaped. */
export function toHtml(title: string, blocks: readonly Block[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${style}</style>
${blocks.map(block).join("\n")}
</html>
`;
}

function block(item: Block): string {
  switch (item.kind) {
    case "heading":
      return `<h${item.level}>${escaped(item.text)}</h${item.level}>`;
    case "text":
      return `<p>${item.parts.map(inline).join("")}</p>`;
    case "list":
      return `<ul>${item.items.map((parts) => `<li>${parts.map(inline).join("")}</li>`).join("")}</ul>`;
    case "table":
      return `<table><tr>${cells("th", item.head)}</tr>${item.rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("")}</table>`;
    case "code":
      return `<pre><code>${escaped(item.text)}</code></pre>`;
  }
}

const cells = (tag: "th" | "td", texts: readonly string[]): string =>
  texts.map((content) => `<${tag}>${escaped(content)}</${tag}>`).join("");

function inline(part: Inline): string {
  if (typeof part === "string") return escaped(part);
  if ("code" in part) return `<code>${escaped(part.code)}</code>`;
  return `<a href="${escaped(encodeURI(part.link))}">${escaped(part.link)}</a>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (words: string): string => words.replaceAll(/[&<>"']/g, (found) => entities[found] ?? found);
