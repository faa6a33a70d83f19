import type { PersonalPlace } from "@postrider/contract";
import {
  type KindSet,
  kindsOf,
  kindWords,
  type NameHint,
  personalKindsIn,
  personalKindsInJson,
} from "../personal-data/index.ts";
import { type Evaluated, forEachItem } from "./evaluate.ts";
import type { PostbackFacts } from "./facts.ts";
import type { PersonalWatch, WatchedText } from "./personal-plan.ts";
import { longestBody } from "./render-body.ts";
import { failure, type RenderFailure } from "./render-failure.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import type { Value } from "./value.ts";

const asIs = (text: string): string => text;

function kindsInValue(value: Value, look: KindSet, hint: NameHint): KindSet {
  if (value === undefined) return 0;
  if (typeof value === "string") return personalKindsIn(value, look, hint);
  const first = value.json[0];
  return first === "{" || first === "["
    ? personalKindsInJson(value.json, look)
    : personalKindsIn(value.json, look, hint);
}

/**
 * Refuses a request that would carry personal data where it leaks: what looks like an e-mail address, a phone or a
 * card number, in the URL, in a header, or over plain http in any place. The message names the macro and what it looks
 * like, never the value.
 */
export function guardPersonalData(
  watch: PersonalWatch,
  evaluated: Evaluated,
  facts: PostbackFacts,
): RenderFailure | null {
  const { values } = evaluated;
  for (const text of watch.once) {
    const refused = guardText(text, values);
    if (refused !== null) return refused;
  }
  let inItem: RenderFailure | null = null;
  for (const { repetition, texts } of watch.repeated) {
    forEachItem(evaluated, repetition, () => {
      for (const text of texts) inItem ??= guardText(text, values);
    });
  }
  if (inItem !== null || watch.data === 0) return inItem;
  const found = personalKindsInJson(facts.dataText, watch.data) | personalKindsIn(facts.eventId, watch.data);
  return found === 0 ? null : refusal(["data"], "plain_http", found);
}

function guardText(
  { place, optional, macros, joined, look, lookJoined, refusedHere }: WatchedText,
  values: readonly Value[],
): RenderFailure | null {
  // What is left out is not sent.
  if (isDropped({ optional }, values)) return null;
  // What is allowed at its place may still not leave over plain http.
  const placeOf = (found: KindSet) => ((found & refusedHere) === 0 ? "plain_http" : place);
  for (const { index, name, hint } of macros) {
    const found = kindsInValue(values[index], look, hint);
    if (found !== 0) return refusal([name], placeOf(found), found);
  }
  if (joined === null || lookJoined === 0) return null;
  const found = personalKindsIn(joinPieces(joined, values, asIs, longestBody), lookJoined);
  if (found === 0) return null;
  const names = macros.map((macro) => macro.name);
  return refusal(names, placeOf(found), found);
}

const places: Readonly<Record<PersonalPlace, string>> = {
  url: "in the URL, which servers and proxies write into their logs",
  header: "in a header, which servers and proxies may write into their logs",
  plain_http: "over plain http, where everybody on the way can read it",
};
const remedies: Readonly<Record<PersonalPlace, string>> = {
  url: "Send it in the body",
  header: "Send it in the body",
  plain_http: "Give the endpoint an https URL",
};

/** The failure of a value that may not leave there, or of several that are personal together. */
function refusal(names: readonly string[], place: PersonalPlace, found: KindSet): RenderFailure {
  const kinds = kindsOf(found);
  const looks = kinds.map((kind) => kindWords[kind]).join(" and ");
  const permits = kinds.map((kind) => `${place}:${kind}`).join(", ");
  const which = names.map((name) => `{${name}}`).join(" with ");
  const message = `${which} holds what looks like ${looks}, and would be sent ${places[place]}. ${remedies[place]}, or add ${permits} to the endpoint's personal_data if the partner may have it there.`;
  return failure("personal_data", message, names[0]);
}
