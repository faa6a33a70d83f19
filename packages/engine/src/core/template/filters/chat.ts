import { type FilterFamily, textFilter } from "./filter.ts";

const htmlEntities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const htmlSpecial = /[&<>"']/g;
const slackSpecial = /[&<>]/g;
const entity = (char: string): string => htmlEntities[char] as string;

/** ASCII punctuation: each of these a backslash makes literal, in CommonMark (section 2.4), Telegram and Discord. */
const punctuation = /[!-/:-@[-`{-~]/g;
const escaped = (char: string): string => `\\${char}`;
const spaces = /\s+/g;
/** Between `@` and what follows: shown as nothing, and it keeps `@everyone` from calling everybody. */
const zeroWidthSpace = "\u200b";

const also = { gives: "code" } as const;

/**
 * Escapes for chat messages: the value is shown as it is, and can neither make a link of its own nor call people. Literal
 * text of the template keeps its formatting.
 *
 * - `html`: HTML text and quoted attributes; also Telegram's parse mode `HTML`.
 * - `slack`: Slack's three control characters (https://docs.slack.dev/messaging/formatting-message-text#escaping); Slack has
 *   no escape for `*`, `_`, `~` and backticks, which can only make a text bold or the like.
 * - `markdown`: CommonMark; white space becomes one space, because a line break could begin a list or a code block.
 * - `telegram`: Telegram's parse mode `MarkdownV2` (https://core.telegram.org/bots/api#markdownv2-style).
 * - `discord`: Discord's Markdown and mentions (https://docs.discord.com/developers/reference#message-formatting).
 */
export const chatFilters: FilterFamily = {
  html: textFilter("|html", (text) => text.replace(htmlSpecial, entity), also),
  slack: textFilter("|slack", (text) => text.replace(slackSpecial, entity), also),
  markdown: textFilter("|markdown", (text) => text.replace(spaces, " ").replace(punctuation, escaped), also),
  telegram: textFilter("|telegram", (text) => text.replace(punctuation, escaped), also),
  discord: textFilter(
    "|discord",
    (text) => text.replace(punctuation, escaped).replaceAll("@", `@${zeroWidthSpace}`),
    also,
  ),
};
