/** A part of a page, written once and rendered as Markdown and as HTML. Texts are plain: renderers escape them. */
export type Block =
  | { readonly kind: "heading"; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: "text"; readonly parts: readonly Inline[] }
  | { readonly kind: "list"; readonly items: readonly (readonly Inline[])[] }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: "code"; readonly language: string; readonly text: string };

/** Words, `{ code }`, or `{ link }` to a file of the pack. */
export type Inline = string | { readonly code: string } | { readonly link: string };

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: "heading", level, text });
export const text = (...parts: readonly Inline[]): Block => ({ kind: "text", parts });
export const list = (...items: readonly (readonly Inline[])[]): Block => ({ kind: "list", items });
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): Block => ({
  kind: "table",
  head,
  rows,
});
export const code = (language: string, content: string): Block => ({ kind: "code", language, text: content });
