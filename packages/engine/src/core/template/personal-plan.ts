import type { PersonalPlace } from "@postrider/contract";
import type { KindSet, NameHint } from "../personal-data/index.ts";

/** A macro whose value may hold personal data and leaves where such data leaks. */
export interface WatchedMacro {
  readonly index: number;
  readonly name: string;
  readonly hint: NameHint;
}

/** A text of the request with such macros. It is not sent, and so not looked at, if an optional macro is missing. */
export interface WatchedText {
  readonly place: PersonalPlace;
  readonly optional: readonly number[];
  readonly macros: readonly WatchedMacro[];
  /** Set if the parts can be personal together: two macros with an @ between them. */
  readonly joined: readonly (string | number)[] | null;
  /** Kinds that the text may not look like at its place. */
  readonly refusedHere: KindSet;
  /** The same, with those that may leave nowhere over plain http, if this is such a request. */
  readonly look: KindSet;
  /** Of these, the kinds that the literal text does not look like by itself: the operator's own words are no leak. */
  readonly lookJoined: KindSet;
}

/** What is looked at before a request is made. `repeated` has the texts of each repetition, by its index. */
export interface PersonalWatch {
  readonly once: readonly WatchedText[];
  readonly repeated: readonly { readonly repetition: number; readonly texts: readonly WatchedText[] }[];
  /** Kinds that the event's data as a whole may not look like; 0 if it is not sent where it leaks. */
  readonly data: KindSet;
}
