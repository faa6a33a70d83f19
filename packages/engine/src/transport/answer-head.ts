/**
 * The head of an answer (its status line and headers), read as widely as curl, Go, Python and Java together read it.
 *
 * undici's parser takes what the grammar of RFC 9112 allows and nothing more. A partner whose answer it refuses has the
 * postback and is sent it again, so what undici would refuse is read here and written again for it: the status and the few
 * headers that the transport uses. docs/decisions/answers.md has the table of what others take.
 */
import { TransportFailure } from "./failure.ts";

/** Status line and headers together, interim answers before them included, may be this long. */
export const headCapBytes = 262_144;

/**
 * A longer head is written again although it is in order: 256 KiB can hold 65,000 headers, and
 * undici would make objects of them.
 */
const passedHeadBytes = 16_384;

/** A head that was read. */
export interface AnswerHead {
  /** 100 to 999. */
  readonly status: number;
  readonly isVersion10: boolean;
  /** False if the grammar of RFC 9112 is broken somewhere. */
  readonly inOrder: boolean;
  /** The headers that the transport uses, line by line; names in lower case, values on one line. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** No more of a header is kept: nothing that is used is longer. */
const keptValueLength = 4_096;
/** No more lines of one name are read. */
const keptLines = 64;

/** An answer that nobody can read, or not to its end. Keeps what stood before the fault. */
export class RefusedAnswer extends TransportFailure {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, head: AnswerHead | null) {
    super("protocol", message);
    this.name = "RefusedAnswer";
    this.status = head?.status ?? null;
    this.headers = Object.fromEntries(head?.headers.toReversed() ?? []);
  }
}

const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;
const zero = 48;
const nine = 57;
const colon = 58;

/** 1 for each byte that may stand in a header's name (RFC 9110, 5.6.2). */
const isToken = Uint8Array.from({ length: 256 }, (_, code) =>
  /[!#$%&'*+.^_`|~\w-]/.test(String.fromCharCode(code)) ? 1 : 0,
);
/** 1 for each byte that may stand in a header's value or a reason (RFC 9110, 5.5). */
const isText = Uint8Array.from({ length: 256 }, (_, code) =>
  code === tab || (code >= space && code !== 127) ? 1 : 0,
);

/**
 * Where the head of a final answer ends that undici's parser takes as it is; 0 for every other: incomplete, interim,
 * long, or out of order. This is the ordinary path, passed by each answer: one look at each byte of the head, nothing
 * copied, nothing made.
 */
export function ordinaryHeadEnd(bytes: Uint8Array): number {
  let at = statusLineEnd(bytes);
  if (at === 0) return 0;
  const limit = Math.min(bytes.length, passedHeadBytes);
  let framed = false;
  while (at < limit) {
    const start = at;
    if (bytes[at] === cr) return bytes[at + 1] === lf ? at + 2 : 0;
    while (isToken[bytes[at]!] === 1) at += 1;
    if (bytes[at] !== colon || at === start) return 0;
    const nameLength = at - start;
    const valueStart = at + 1;
    do at += 1;
    while (isText[bytes[at]!] === 1);
    if (bytes[at] !== cr || bytes[at + 1] !== lf) return 0;
    if (nameLength === contentLength.length || nameLength === transferEncoding.length) {
      const framing = framingOf(bytes, start, valueStart, at);
      if (framing === "odd" || (framing === "framed" && framed)) return 0;
      framed ||= framing === "framed";
    }
    at += 2;
  }
  return 0;
}

/** The start of the first header after `HTTP/1.1 200 …`, or 0 if the line is another. */
function statusLineEnd(bytes: Uint8Array): number {
  for (let at = 0; at < httpVersion.length; at += 1) if (bytes[at] !== httpVersion[at]) return 0;
  const minor = bytes[7];
  if ((minor !== zero && minor !== zero + 1) || bytes[8] !== space) return 0;
  // A first digit of 1 is an interim answer, and undici ends the connection for a 100.
  if (!(bytes[9]! > zero + 1 && bytes[9]! <= nine && isDigit(bytes[10]) && isDigit(bytes[11]))) return 0;
  let at = 12;
  if (bytes[at] !== space && bytes[at] !== cr) return 0;
  while (isText[bytes[at]!] === 1) at += 1;
  return bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : 0;
}

const httpVersion = Buffer.from("HTTP/1.");

const contentLength = Buffer.from("content-length");
const transferEncoding = Buffer.from("transfer-encoding");
const chunked = Buffer.from("chunked");
/** A length of more digits than this cannot be counted exactly. */
const countedDigits = 15;

/** Whether a header frames the body, with a value that everybody reads in the same way. */
function framingOf(bytes: Uint8Array, nameStart: number, valueStart: number, lineEnd: number) {
  const isLength = isWord(bytes, nameStart, valueStart - 1, contentLength);
  if (!isLength && !isWord(bytes, nameStart, valueStart - 1, transferEncoding)) return "none";
  let start = valueStart;
  let end = lineEnd;
  while (isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  if (!isLength) return isWord(bytes, start, end, chunked) ? "framed" : "odd";
  if (start === end || end - start > countedDigits) return "odd";
  for (let at = start; at < end; at += 1) if (!isDigit(bytes[at])) return "odd";
  return "framed";
}

const isDigit = (byte: number | undefined) => byte! >= zero && byte! <= nine;
const isBlank = (byte: number | undefined) => byte === space || byte === tab;

/** Whether the bytes are a word of lower-case letters and hyphens, in any case. */
function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  // A letter of upper case differs from the one of lower case in this bit, which a hyphen has set as well.
  for (let at = 0; at < word.length; at += 1) if ((bytes[start + at]! | 0x20) !== word[at]) return false;
  return true;
}

/** What the transport, or undici's parser for it, uses of an answer. */
const used = new Set([
  "content-length",
  "transfer-encoding",
  "content-type",
  "content-encoding",
  "retry-after",
  "location",
  "connection",
  "keep-alive",
]);

const statusLine = /^HTTP\/\d{1,9}(?:\.\d{1,9})?[ \t]+([1-9]\d\d)(?!\d)/i;
const orderlyStatusLine = /^HTTP\/1\.[01] [1-9]\d\d(?: |$)/;
const token = /^[!#$%&'*+.^_`|~\w-]+$/;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The status of an answer whose first bytes these are, or 0 if they are no status line. */
export function statusOf(bytes: Buffer): number {
  return Number(statusLine.exec(bytes.toString("latin1", 0, statusLineLength))?.[1] ?? 0);
}

/** No more of a status line is needed. */
const statusLineLength = 64;

/**
 * Whether the bytes may be the beginning of an answer: another protocol is recognised at its first bytes, since it
 * may wait for an answer itself.
 */
export function mayBegin(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, httpName.length);
  return isWord(bytes, 0, length, httpName.subarray(0, length));
}

const httpName = Buffer.from("http/");

/** The other end uses another protocol. */
export const notHttp = () =>
  new RefusedAnswer("The response is not HTTP: it does not begin with a status line.", null);

/**
 * Reads a head: lines end with LF, whatever CRs stand before it; a line that begins with a blank continues the one before
 * it (RFC 9112, 5.2); blanks may stand before a colon; a line that is no header is passed over. The time is linear in
 * the length, whatever the bytes.
 *
 * @throws RefusedAnswer if there is no status
 */
export function readHead(bytes: Buffer): AnswerHead {
  const [first = "", ...lines] = bytes.toString("latin1").split("\n");
  const status = statusOf(bytes);
  if (status === 0) throw notHttp();
  let inOrder = orderlyStatusLine.test(withoutCr(first)) && endsOrderly(first);
  const headers = new KeptHeaders();
  for (const line of lines) {
    const text = withoutCr(line);
    if (text === "") continue;
    inOrder &&= endsOrderly(line);
    if (text[0] === " " || text[0] === "\t") {
      inOrder = false;
      headers.fold(text);
      continue;
    }
    const colonAt = text.indexOf(":");
    const name = text.slice(0, Math.max(0, colonAt)).trimEnd();
    inOrder &&= name !== "" && name.length === colonAt && token.test(name);
    headers.begin(name.toLowerCase(), text.slice(colonAt + 1));
  }
  return {
    status,
    isVersion10: first.startsWith("HTTP/1.0"),
    inOrder: inOrder && !headers.repeatsFraming(),
    headers: headers.list(),
  };
}

/** Collects the headers that are used, and of each no more than is used: a head can be one header of 256 KiB, or 60,000. */
class KeptHeaders {
  readonly #kept: [name: string, value: string][] = [];
  readonly #lines = new Map<string, number>();
  #open: [string, string] | null = null;

  begin(name: string, value: string): void {
    this.#open = null;
    if (!used.has(name)) return;
    const nth = (this.#lines.get(name) ?? 0) + 1;
    this.#lines.set(name, nth);
    const same = this.#kept.some((each) => each[0] === name && each[1] === value);
    // A folded value is not whole yet: only what is written on one line can be left out.
    if ((same && value.trim() !== "") || nth > keptLines) return;
    this.#open = [name, value];
    this.#kept.push(this.#open);
  }

  /** The line before continues. */
  fold(text: string): void {
    if (this.#open && this.#open[1].length < keptValueLength) this.#open[1] += text;
  }

  repeatsFraming(): boolean {
    return (this.#lines.get("content-length") ?? 0) + (this.#lines.get("transfer-encoding") ?? 0) > 1;
  }

  list(): AnswerHead["headers"] {
    return this.#kept.map(([name, value]) => [name, clean(value.trimStart().slice(0, keptValueLength))]);
  }
}

function withoutCr(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end -= 1;
  return line.slice(0, end);
}

const endsOrderly = (line: string) => line.endsWith("\r") && !controls.test(line.slice(0, -1));
const clean = (value: string) => value.replaceAll(new RegExp(controls, "g"), " ").trim();

/** The value of the first line of a header. */
const valueOf = ({ headers }: AnswerHead, name: string) => headers.find(([each]) => each === name)?.[1];
const valuesOf = ({ headers }: AnswerHead, name: string) =>
  headers
    .filter(([each]) => each === name)
    .flatMap(([, value]) => value.split(",").map((each) => each.trim()))
    .filter((value) => value !== "");

/** Whether an interim answer is nothing more than one: a length or a coding on it is read in two ways. */
export const isPlainInterim = (head: AnswerHead): boolean =>
  head.inOrder && !head.headers.some(([name]) => name === "content-length" || name === "transfer-encoding");

/**
 * A head for undici's parser with the same meaning: the status, how the body is framed, and what the transport uses. It
 * says `connection: close` if the answer was not in order.
 *
 * @throws RefusedAnswer for two lengths that differ, and for a switch of protocols
 */
export function writeHead(head: AnswerHead, closes: boolean): string {
  const { status } = head;
  if (status === 101)
    throw new RefusedAnswer("The response switches protocols (status 101), which was not asked for.", null);
  const framing = framingHeader(head);
  const text = `HTTP/1.1 ${status} \r\n${framing.line}${keptHeaders(head, answerHeaders)}`;
  if (closes || !head.inOrder || framing.closes || !isPersistent(head))
    return `${text}connection: close\r\n\r\n`;
  return `${text}${keptHeaders(head, ["keep-alive"])}\r\n`;
}

/** A head in place of one past the cap: what was read of it, and no body. */
export const writeCutHead = (head: AnswerHead): string =>
  `HTTP/1.1 ${head.status} \r\n${keptHeaders(head, answerHeaders)}connection: close\r\ncontent-length: 0\r\n\r\n`;

const answerHeaders = ["content-type", "content-encoding", "retry-after", "location"];

function keptHeaders(head: AnswerHead, names: readonly string[]): string {
  let text = "";
  for (const name of names) {
    const value = valueOf(head, name);
    if (value !== undefined) text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** Whether the partner keeps the connection (RFC 9112, 9.3). */
function isPersistent(head: AnswerHead): boolean {
  const options = new Set(valuesOf(head, "connection").map((option) => option.toLowerCase()));
  return !options.has("close") && (!head.isVersion10 || options.has("keep-alive"));
}

/**
 * How the body is framed (RFC 9112, 6.3): chunks win over a length, and without either it ends with the connection. What
 * is not said once and in plain words is said in two ways: the connection is not used again.
 */
function framingHeader(head: AnswerHead): { readonly line: string; readonly closes: boolean } {
  const codings = valuesOf(head, "transfer-encoding").map((coding) => coding.toLowerCase());
  const lengths = valuesOf(head, "content-length");
  if (codings.at(-1) === "chunked")
    return { line: "transfer-encoding: chunked\r\n", closes: codings.length + lengths.length > 1 };
  if (codings.some((coding) => coding !== "identity") || lengths.length === 0) return untilClose;
  const [number, ...others] = new Set(lengths.map(leadingNumber));
  if (others.length > 0)
    throw new RefusedAnswer(
      `The response has content-lengths that differ (${lengths.slice(0, 3).join(", ").slice(0, 60)}).`,
      head,
    );
  if (number === null || number === undefined) return untilClose;
  const plain = codings.length === 0 && lengths.length === 1 && lengths[0] === String(number);
  return { line: `content-length: ${number}\r\n`, closes: !plain };
}

const untilClose = { line: "", closes: true };

/** curl's and Python's reading: `+2` and `2 bytes` are 2, and what begins with no digit is no length at all. */
function leadingNumber(length: string): number | null {
  const digits = /^\+?(\d+)/.exec(length)?.[1];
  // No body is that long; it only must not be taken for whole.
  return digits === undefined ? null : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
