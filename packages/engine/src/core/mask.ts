/**
 * Hiding the secrets of a partner in texts that come back from it, or that show what was sent to it.
 *
 * @packageDocumentation
 */

/** Puts `{secret.name}` in the place of each secret. Texts without any stay the same. */
export interface Mask {
  /**
   * @param cut true for a text that was cut at its end: the beginning of a secret there is hidden too
   * @example mask.text("token=s3cret%2Fvalue") // "token={secret.token}"
   */
  text(text: string, cut?: boolean): string;
}

/** One way in which a secret may stand in a text. */
interface Form {
  readonly pattern: RegExp;
  /** A part of it without other spellings, in lower case: where it is missing, the pattern need not be tried. */
  readonly probe: string;
  /** What is hidden with it: it stands within a longer run of base64, which would give away its ends. */
  readonly whole: "itself" | "run";
}

/**
 * A mask for the secrets of one partner; null for a partner without any, which so costs nothing.
 *
 * What is found: the value as it is, percent-encoded (also twice) or form-encoded, with the escapes of JSON (also twice)
 * and HTML, in hexadecimal, in upper or lower case, and in base64 of either alphabet, alone or within a longer text: so
 * also `user:secret` of a Basic authorization. What is made of it with a value of an event, as by an HMAC, is not the secret.
 *
 * @param secrets values by name, each of 4 characters at least
 * @param made what templates send in the place of secrets: what filters made of them, by the secret's name
 */
export function createMask(
  secrets: ReadonlyMap<string, string>,
  made: readonly (readonly [name: string, text: string])[] = [],
): Mask | null {
  if (secrets.size === 0) return null;
  const others = new Map(made.map(([name, text]) => [text, name]));
  for (const value of secrets.values()) others.delete(value);
  const madeOf = [...others].flatMap(([text, name]): [string, string][] =>
    text.length < shortestSecret ? [] : [[name, text]],
  );
  // Longest first: a secret that is a part of another must not take the other's middle.
  const known = [...secrets, ...madeOf]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([name, value]) => ({ shown: `{secret.${name}}`, forms: formsOf(value), value }));
  return {
    text(text, cut = false) {
      if (text === "") return text;
      let lower = text.toLowerCase();
      let masked = text;
      for (const { shown, forms } of known)
        for (const form of forms) {
          if (!lower.includes(form.probe)) continue;
          const before = masked;
          masked = replaced(masked, form, shown);
          if (masked !== before) lower = masked.toLowerCase();
        }
      if (cut) for (const { shown, value } of known) masked = withoutBeginning(masked, value, shown);
      return masked;
    },
  };
}

/** What is shorter stands in every text. */
const shortestSecret = 4;

function replaced(text: string, { pattern, whole }: Form, shown: string): string {
  let masked = "";
  let from = 0;
  for (const { index, 0: found } of text.matchAll(pattern)) {
    if (index < from) continue;
    let [start, end] = [index, index + found.length];
    if (whole === "run") {
      while (start > from && isBase64(text.charCodeAt(start - 1))) start -= 1;
      while (end < text.length && isBase64(text.charCodeAt(end))) end += 1;
    }
    masked += text.slice(from, start) + shown;
    from = end;
  }
  return from === 0 ? text : masked + text.slice(from);
}

/** Letters, digits, `+ / - _ =`. */
function isBase64(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2b ||
    code === 0x2f ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x3d
  );
}

/** So many characters of a secret at the end of a text that was cut may be chance. */
const chance = 3;

/** The text without the beginning of a secret at its end, as it is or percent-encoded. */
function withoutBeginning(text: string, value: string, shown: string): string {
  for (const form of new Set([
    value,
    encodeURIComponent(value.toWellFormed()),
    JSON.stringify(value).slice(1, -1),
  ]))
    for (let length = Math.min(form.length - 1, text.length); length > chance; length -= 1)
      if (text.endsWith(form.slice(0, length))) return text.slice(0, -length) + shown;
  return text;
}

function formsOf(value: string): readonly Form[] {
  const bytes = Buffer.from(value);
  return [
    { pattern: new RegExp(spelled(value), "gi"), probe: probeOf(value), whole: "itself" },
    { pattern: new RegExp(bytes.toString("hex"), "gi"), probe: bytes.toString("hex"), whole: "itself" },
    ...base64Cores(bytes).map(
      (core): Form => ({ pattern: new RegExp(spelled(core), "g"), probe: probeOf(core), whole: "run" }),
    ),
  ];
}

/** The longest run of letters and digits: these are never escaped. */
function probeOf(text: string): string {
  const runs = text.match(/[A-Za-z0-9]+/g) ?? [""];
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest)).toLowerCase();
}

/**
 * What the bytes are in base64 wherever they begin within the three bytes of a group, without the characters at the ends
 * that depend on the bytes around them. In both alphabets.
 */
function base64Cores(bytes: Buffer): readonly string[] {
  const cores = [0, 1, 2].flatMap((before) => {
    const bits = (before + bytes.length) * 8;
    const first = Math.ceil((before * 8) / 6);
    const core = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .slice(first, Math.floor(bits / 6));
    return [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
  return [...new Set(cores)];
}

const letterOrDigit = /^[A-Za-z0-9]$/;

/** A regular expression for all spellings of a text. It has no nested repetition: at each place of a text it takes as many steps as the text has characters, at most. */
function spelled(text: string): string {
  let pattern = "";
  for (const char of text.toWellFormed()) pattern += letterOrDigit.test(char) ? char : spellingsOf(char);
  return pattern;
}

const entities: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
};

function spellingsOf(char: string): string {
  const percent = [...Buffer.from(char)].map((byte) => `%(?:25){0,2}${hexDigits(byte, 2)}`);
  const units = Array.from({ length: char.length }, (_, at) => hexDigits(char.charCodeAt(at), 4));
  const code = char.codePointAt(0)!;
  const entity = entities[char] === undefined ? "" : `|&${entities[char]};`;
  const control = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f" }[char];
  const spellings = [
    // In JSON a quote, a backslash and often a slash have a backslash before them, in JSON within JSON more of these.
    `\\\\{0,3}${escaped(char)}`,
    percent.join(""),
    units.map((unit) => `\\\\{1,3}u${unit}`).join(""),
    `&#0{0,4}${code};`,
    `&#x0{0,4}${hexDigits(code, 1)};`,
  ];
  if (control !== undefined) spellings.push(`\\\\{1,3}${control}`);
  if (char === " ") spellings.push("\\+");
  return `(?:${spellings.join("|")}${entity})`;
}

/** In letters of either case, also in a pattern for which the case counts. */
const hexDigits = (code: number, length: number): string =>
  code
    .toString(16)
    .padStart(length, "0")
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

const escaped = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
