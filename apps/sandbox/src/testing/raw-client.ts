import { connect } from "node:net";

/** What a connection showed, byte for byte. */
export interface RawExchange {
  bytes: Buffer;
  text: string;
  /** `FIN`: the sandbox closed. `RST`: it reset. `enough`: the client had seen what it waited for. */
  end: "FIN" | "RST" | "enough";
  /** From the request until the first byte, and until the end. */
  firstByteMs: number;
  endMs: number;
}

interface RawOptions {
  method?: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  /** The value of the Host header. Default: the URL's own. */
  host?: string;
  /** Leaves as soon as this is true of what came. Default: never, and the request asks for `connection: close`. */
  enough?: (bytes: Buffer) => boolean;
}

/** Sends one request over a socket of its own and reports what came back, whatever it was. */
export function rawRequest(url: string, options: RawOptions = {}): Promise<RawExchange> {
  const { hostname, port, pathname, search } = new URL(url);
  const { method = "POST", body = "{}", headers = {}, host = hostname, enough } = options;
  const lines = Object.entries({ connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const content = typeof body === "string" ? Buffer.from(body) : body;
  const head = `${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${content.length}\r\n${lines.join("")}\r\n`;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const startedMs = performance.now();
    let firstByteMs = Number.NaN;
    const socket = connect(Number(port), hostname, () =>
      socket.write(Buffer.concat([Buffer.from(head), content])),
    );
    const finish = (end: RawExchange["end"]): void => {
      const bytes = Buffer.concat(chunks);
      resolve({
        bytes,
        text: bytes.toString("latin1"),
        end,
        firstByteMs,
        endMs: performance.now() - startedMs,
      });
      socket.destroy();
    };
    socket.on("data", (chunk: Buffer) => {
      if (chunks.length === 0) firstByteMs = performance.now() - startedMs;
      chunks.push(chunk);
      if (enough?.(Buffer.concat(chunks))) finish("enough");
    });
    socket.on("end", () => finish("FIN"));
    socket.on("error", () => finish("RST"));
  });
}

/** The status of an answer's first line. */
export function statusOf({ text }: RawExchange): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}
