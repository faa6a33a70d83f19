/** What an endpoint lacks of its partner: a secret that was not set, or a constant that is not in the partner's document. */
export interface Lack {
  readonly kind: "secret" | "constant";
  readonly name: string;
}

const remedies: Readonly<Record<Lack["kind"], string>> = {
  secret: "Set it (postrider secrets set)",
  constant: "Put it into the partner's constants",
};

/**
 * The note of an endpoint that is paused because it lacks something of its partner. The note is stored, and the ledger
 * finds such endpoints by it: a new text must leave the old one findable.
 *
 * @example lackNote({ kind: "secret", name: "token" }) // "secret_missing: it uses {secret.token}, which …"
 */
export const lackNote = (lack: Lack): string =>
  `${lackWords("it", lack)}, so nothing is sent. ` +
  `${remedies[lack.kind]}, or take it out of the endpoint: either ends the pause, and so does a resume.`;

/** How every note of {@link lackNote} begins, as a regular expression of PostgreSQL. */
export const lackNotePattern = "^(secret|constant)_missing: ";

/** What a note of {@link lackNote} is about; null for any other note. */
export function lackOfNote(note: string): Lack | null {
  const [, kind, name] = /^(secret|constant)_missing: it uses \{\w+\.([a-z0-9_]+)\}, /.exec(note) ?? [];
  return name === undefined ? null : { kind: kind as Lack["kind"], name };
}

/** Why nothing is sent to an endpoint that lacks something of its partner. */
export const lackError = (lack: Lack): string => lackWords("the endpoint", lack);

const lackWords = (subject: string, { kind, name }: Lack): string =>
  `${kind}_missing: ${subject} uses {${kind === "secret" ? "secret" : "const"}.${name}}, which the partner does not have`;
