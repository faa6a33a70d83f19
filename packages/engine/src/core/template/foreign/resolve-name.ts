import { isFactRoot } from "../facts.ts";
import type { Importable } from "./find-importable.ts";
import { ambiguousNames } from "./own-macros.ts";
import { isCredentialMacro, meaningOf, plainName, snakeName, withoutEscape } from "./names.ts";
import { findPlaceholders } from "./placeholders.ts";

/** What becomes of one macro of another platform. */
export type Resolved =
  | { readonly kind: "mapped" | "guessed"; readonly written: string; readonly why: string }
  | { readonly kind: "left"; readonly why: string; readonly suggestion: string };

/** What the caller says of names, by {@link plainName}. */
export interface Wishes {
  readonly map: ReadonlyMap<string, string>;
  readonly fill: ReadonlyMap<string, string>;
}

/** What platforms put before a name without another meaning: `conversion_payout`. */
const prefixes =
  /^(?:conversion|conv|cnv|user|device|click|event|partner|affiliate|network|visitor|customer)[_.:-]?/i;

/** Decides what stands for a macro: the caller's word, the table, and then the likeliest. */
export function resolveName(place: Importable, wishes: Wishes): Resolved {
  const plain = plainName(place.name);
  const text = wishes.fill.get(plain);
  if (text !== undefined) return { kind: "mapped", written: asText(text, place.inHost), why: "as you say" };
  if (place.inHost) {
    const why = "no macro may stand in the host, so that no event can choose where it goes";
    return { kind: "left", why, suggestion: `--fill ${argument(place.name)}=…` };
  }
  const wish = wishes.map.get(plain);
  if (wish !== undefined) return { kind: "mapped", written: macroOf(wish, place), why: "as you say" };
  const own = ownMacro(place);
  if (own !== null) return { kind: "mapped", written: own, why: "it is Postrider's, in another form" };
  if (ambiguousNames.has(place.name)) {
    const why = "Postrider has a macro of this name, and theirs may mean something else";
    return { kind: "guessed", written: macroOf(place.name, place), why };
  }
  return byName(place) ?? leftOver(place);
}

/** `${data.x}` and `{{data.x}}`: the right name between the wrong signs. */
function ownMacro(place: Importable): string | null {
  if (place.found.startsWith("${") && place.syntax === "dollar_braces" && !/[\w)]/.test(place.name.slice(-1)))
    return place.found.slice(1);
  const { name } = place;
  const isOwn =
    /^(?:data|item|secret|const)\.[\w.]+$/.test(name) || (isFactRoot(name) && !ambiguousNames.has(name));
  return isOwn ? macroOf(name, place) : null;
}

function byName(place: Importable): Resolved | null {
  const isPlaceholder = place.syntax === "placeholder";
  const full = place.syntax === "percents" ? withoutEscape(place.name).name : place.name;
  const inner = findPlaceholders(full, false)[0]?.name ?? null;
  const name = inner ?? full;
  const meaning = meaningOf(name);
  if (meaning !== null) {
    const written = macroOf(meaning.path, place);
    if (meaning.sure && !isPlaceholder && inner === null)
      return { kind: "mapped", written, why: "by its name" };
    const why = meaning.sure ? "a placeholder of this name" : "most platforms mean this by the name";
    return { kind: "guessed", written, why };
  }
  if (isCredentialMacro(name)) return null;
  const part = meaningOf(
    name.includes(":") ? name.slice(0, name.indexOf(":")) : name.slice(name.lastIndexOf(".") + 1),
  );
  if (part !== null)
    return { kind: "guessed", written: macroOf(part.path, place), why: "by a part of its name" };
  const rest = meaningOf(name.replace(prefixes, ""));
  if (rest !== null)
    return { kind: "guessed", written: macroOf(rest.path, place), why: "by the end of its name" };
  const around = place.parameter === null || isPlaceholder ? null : meaningOf(place.parameter);
  if (around === null) return null;
  return {
    kind: "guessed",
    written: macroOf(around.path, place),
    why: `by its parameter, ${place.parameter}`,
  };
}

function leftOver({ name, syntax, parameter }: Importable): Resolved {
  const inner = findPlaceholders(name, false)[0]?.name ?? name;
  const credential = isCredentialMacro(inner) || (parameter !== null && isCredentialMacro(parameter));
  if (credential) {
    const secret = snakeName(isCredentialMacro(inner) ? inner : (parameter ?? inner));
    const why = "a credential: keep it as a secret of the partner";
    return { kind: "left", why, suggestion: `--map ${argument(name)}=secret.${secret}` };
  }
  if (syntax === "placeholder")
    return { kind: "left", why: "a value of your own", suggestion: `--fill ${argument(name)}=…` };
  const why = "no known name";
  return { kind: "left", why, suggestion: `--map ${argument(name)}=data.${snakeName(name)}` };
}

/** A name as it is written in a shell. */
const argument = (name: string): string => (/^[\w.:-]+$/.test(name) ? name : `'${name}'`);

function macroOf(wish: string, { fallback, syntax, name }: Importable): string {
  const body = wish.replace(/^\{(.*)\}$/s, "$1");
  const plain = /^[\w.[\]$@-]+$/.test(body);
  const filled = fallback !== null && fallback !== "" && plain ? `|default:${JSON.stringify(fallback)}` : "";
  const layer = syntax === "percents" && withoutEscape(name).layers === 2 && plain ? "|urlencode" : "";
  return `{${body}${filled}${layer}}`;
}

/** A text in its place. Braces and what begins other platforms' macros are encoded, so that it is sent as it is. */
function asText(text: string, inHost: boolean): string {
  return inHost ? text : encodeURIComponent(text);
}
