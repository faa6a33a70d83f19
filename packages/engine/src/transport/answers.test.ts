import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllowedTargets } from "../core/target.ts";
import type { Exchange } from "../ports/transport.ts";
import {
  head,
  listen,
  okAnswer,
  oneConnection,
  partnerAnswering,
  rawPartner,
  requestTo,
  send,
  taken,
  transportTo,
} from "./fixtures/partner.ts";

const chunkedOk = "2\r\nok\r\n0\r\n\r\n";
const end = "content-length: 2\r\n\r\nok";

/** Answers of which at least one of curl, Go, Python and Java takes each; docs/decisions/answers.md has who takes which. */
const mended: readonly (readonly [what: string, answer: string])[] = [
  ["line ends of LF alone", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok"],
  ["line ends of both kinds", "HTTP/1.1 200 OK\r\nx: y\ncontent-length: 2\r\n\nok"],
  ["line ends with two CRs", "HTTP/1.1 200 OK\r\r\ncontent-length: 2\r\r\n\r\r\nok"],
  ["a folded header", head(`x-note: one\r\n two\r\n\tthree\r\n${end}`)],
  ["a folded length", head("content-length:\r\n 2\r\n\r\nok")],
  ["a fold before any header", head(` x\r\n${end}`)],
  ["equal lengths", head(`content-length: 2\r\nContent-Length: 2\r\n${end}`)],
  ["a list of equal lengths", head("content-length: 2, 2\r\n\r\nok")],
  ["a length with more than digits", head("content-length: +2 bytes\r\n\r\nok")],
  ["a length beside chunks", head(`content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n${chunkedOk}`)],
  ["chunks beside a length", head(`transfer-encoding: Chunked\r\ncontent-length: 9\r\n\r\n${chunkedOk}`)],
  [
    "chunks, said twice",
    head(`transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n${chunkedOk}`),
  ],
  ["a coding that is none", head(`transfer-encoding: identity\r\n${end}`)],
  ["a blank before the colon", head(`x-note : one\r\n${end}`)],
  ["a blank before the colon of the length", head("content-length : 2\r\n\r\nok")],
  ["a header without a name", head(`: x\r\n${end}`)],
  ["a line that is no header", head(`PHP Warning\r\n${end}`)],
  ["control characters", head(`x: a\u0001\0\u007Fb\rc\r\n${end}`)],
  ["names that are none", head(`x y: z\r\nx(y): z\r\n\xe9: z\r\n${end}`)],
  ["two blanks before the status", "HTTP/1.1  200 OK\r\ncontent-length: 2\r\n\r\nok"],
  ["another version", "HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok"],
  ["the version of another protocol", "HTTP/2 200\r\ncontent-length: 2\r\n\r\nok"],
  ["a control character in the reason", "HTTP/1.1 200 O\u0001K\r\ncontent-length: 2\r\n\r\nok"],
  ["an interim answer with a length", `HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n${okAnswer}`],
  ["an interim answer with LF alone", `HTTP/1.1 100 Continue\n\n${okAnswer}`],
];

const kept: readonly (readonly [what: string, answer: string])[] = [
  ["100", `HTTP/1.1 100 Continue\r\n\r\n${okAnswer}`],
  [
    "many of many kinds",
    `${[100, 102, 103, 100, 199].map((n) => `HTTP/1.1 ${n} x\r\na: b\r\n\r\n`).join("")}${okAnswer}`,
  ],
  ["five thousand", `${"HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000)}${okAnswer}`],
  ["a header of 20 kB", head(`set-cookie: ${"x".repeat(20_000)}\r\n${end}`)],
  ["a header of 250 kB", head(`set-cookie: ${"x".repeat(250_000)}\r\n${end}`)],
  ["fifteen thousand headers", head(`${"set-cookie: a=b\r\n".repeat(15_000)}${end}`)],
  [
    "chunks with an extension and a trailer",
    head("transfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nx: y\r\n\r\n"),
  ],
  ["no reason", "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok"],
  ["Latin-1", head(`x: caf\xe9\r\n${end}`)],
  ["HTTP/1.0 that keeps", "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok"],
];

const closedOf = async (socket: Socket) => {
  if (!socket.destroyed) await once(socket, "close");
};

async function writeInPieces(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise(setImmediate);
  }
}

describe("an answer that others read is read", () => {
  it.each(mended)("%s, and its connection is closed", async (_what, answer) => {
    const { port, sockets } = await partnerAnswering(answer);
    const transport = transportTo(port, oneConnection);
    for (let n = 0; n < 3; n += 1) expect(await transport.send(requestTo(port))).toMatchObject(taken);
    expect(sockets.size).toBe(3);
    await Promise.all([...sockets].map((socket) => closedOf(socket)));
  });

  it.each(kept)("%s, and its connection is used again", async (_what, answer) => {
    const { port, sockets } = await partnerAnswering(answer);
    const transport = transportTo(port, oneConnection);
    for (let n = 0; n < 3; n += 1) expect(await transport.send(requestTo(port))).toMatchObject(taken);
    expect(sockets.size).toBe(1);
  });

  it.each([...mended, ...kept].filter(([, answer]) => answer.length < 2_000))(
    "%s, in pieces of a byte and on a connection that was used before",
    async (_what, answer) => {
      const { port } = await partnerAnswering(answer, (socket, bytes) =>
        writeInPieces(
          socket,
          Array.from(bytes, (byte) => Buffer.of(byte)),
        ),
      );
      const transport = transportTo(port, oneConnection);
      for (let n = 0; n < 2; n += 1) expect(await transport.send(requestTo(port))).toMatchObject(taken);
    },
  );

  it("over TLS, which is kept or closed alike", async () => {
    const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), "utf8");
    const sockets = new Set<Socket>();
    const oddly = ["HTTP/1.1 200 OK\ncontent-length: 2\n\nok", `HTTP/1.1 100 Continue\r\n\r\n${okAnswer}`];
    let n = 0;
    const server = createTlsServer({ cert: pem("good") + pem("intermediate"), key: pem("key") }, (socket) =>
      socket.on("data", () => {
        sockets.add(socket);
        void writeInPieces(
          socket,
          Array.from(oddly[Math.min(n, 1)]!, (letter) => Buffer.from(letter)),
        );
        n += 1;
      }),
    );
    const port = await listen(server);
    const url = `https://localhost:${port}/pb`;
    const allowedTargets = parseAllowedTargets([`localhost:${port}`]);
    const transport = transportTo(port, { ...oneConnection, allowedTargets, caBundle: pem("root") });
    for (let asked = 0; asked < 3; asked += 1)
      expect(await transport.send(requestTo(port, { url }))).toMatchObject(taken);
    expect(sockets.size).toBe(2);
  });

  it("what follows a mended answer is nobody's", async () => {
    const forged = head("content-length: 6\r\n\r\nforged");
    let n = 0;
    const port = await rawPartner((socket) => {
      n += 1;
      socket.write(n === 1 ? `HTTP/1.1 200 OK\ncontent-length: 2\n\nok${forged}` : okAnswer);
    });
    const transport = transportTo(port, oneConnection);
    const both = await Promise.all([transport.send(requestTo(port)), transport.send(requestTo(port))]);
    for (const exchange of both) expect(exchange).toMatchObject(taken);
  });

  it("a response without a length ends with the connection", async () => {
    const port = await rawPartner((socket) => socket.end("HTTP/1.1 200 OK\nx: y\n\nok"));
    expect(await send(port)).toMatchObject(taken);
  });
});

describe("an answer that is not whole", () => {
  it.each([
    ["shorter than its length", "HTTP/1.1 200 OK\ncontent-length: 9\n\nok"],
    ["of a length beyond all bounds", `HTTP/1.1 200 OK\r\ncontent-length: ${"9".repeat(40)}\r\n\r\nok`],
    ["of chunks without the last", "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\r\nok\r\n"],
  ])("%s is a failure after its status", async (_what, answer) => {
    const port = await rawPartner((socket) => socket.end(answer));
    expect(await send(port)).toMatchObject({
      status: 200,
      failure: { class: "reset", message: "The connection was closed in the middle of the response body." },
    });
  });

  it("says so where its headers broke off", async () => {
    const port = await rawPartner((socket) => socket.end("HTTP/1.1 200 OK\r\nx: y\r\n"));
    expect(await send(port)).toMatchObject({
      status: null,
      failure: {
        class: "reset",
        message: "The connection was closed in the middle of the response's headers.",
      },
    });
  });

  it("says what is wrong with its chunks", async () => {
    const port = await rawPartner((socket) => socket.write(head("transfer-encoding: chunked\r\n\r\nzz\r\n")));
    expect(await send(port)).toMatchObject({
      status: 200,
      failure: {
        class: "protocol",
        message: "The response body is not valid HTTP: Invalid character in chunk size.",
      },
    });
  });
});

describe("two lengths that differ", () => {
  it.each([200, 503])("are refused, as Go does, and the status %i is kept", async (status) => {
    const lengths = "content-length: 2\r\ncontent-length: 3\r\nretry-after: 9\r\n\r\nok";
    const port = await rawPartner((socket) => socket.write(`HTTP/1.1 ${status} x\r\n${lengths}`));
    expect(await send(port)).toMatchObject({
      status,
      retryAfter: "9",
      failure: { class: "protocol", message: "The response has content-lengths that differ (2, 3)." },
    });
  });
});

describe("headers past the cap", () => {
  const long = `x: ${"y".repeat(300_000)}\r\n`;

  it.each([200, 204, 410, 503])("end the answer, and the status %i counts", async (status) => {
    const { port, sockets } = await partnerAnswering(`HTTP/1.1 ${status} x\r\nretry-after: 7\r\n${long}`);
    const transport = transportTo(port, oneConnection);
    for (let n = 0; n < 2; n += 1) {
      const exchange = await transport.send(requestTo(port));
      expect(exchange).toMatchObject({
        status,
        failure: null,
        truncated: true,
        retryAfter: "7",
        responseBody: "",
      });
    }
    expect(sockets.size).toBe(2);
  });

  it.each([
    ["one after the other, without end", () => "x: y\r\n".repeat(2_000)],
    ["one that is folded without end", () => " y\r\n".repeat(2_000)],
    ["one without end", () => "y".repeat(8_000)],
  ])("%s: no more is held", async (_what, more) => {
    let written = 0;
    const closed = Promise.withResolvers<void>();
    const port = await rawPartner((socket) => {
      socket.on("close", () => closed.resolve());
      socket.write("HTTP/1.1 200 OK\r\nx: ");
      const pump = () => {
        while (!socket.destroyed && socket.write(more())) written += 1;
      };
      socket.on("drain", pump);
      pump();
    });
    expect(await send(port)).toMatchObject({ status: 200, failure: null, truncated: true });
    await closed.promise;
    // What the kernels of both sides held, not what the partner would have liked to send.
    expect(written).toBeLessThan(4_000);
  });

  it("counts trailers apart: the body was whole", async () => {
    const trailers = `t: ${"y".repeat(100_000)}\r\n`;
    const port = await rawPartner((socket) =>
      socket.write(head(`transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailers}`)),
    );
    expect(await send(port)).toMatchObject({
      status: 200,
      failure: null,
      truncated: true,
      responseBody: "ok",
    });
  });

  it("is not met by a slow partner before its deadline", async () => {
    const port = await rawPartner((socket) => {
      const pump = setInterval(() => socket.write("HTTP/1.1 100 Continue\r\n\r\n"), 5);
      socket.on("close", () => clearInterval(pump));
    });
    expect(await send(port, { timeoutMs: 200 })).toMatchObject({
      status: null,
      failure: { class: "timeout" },
    });
  });
});

/** An answer made of parts that somebody reads, and what it says. */
const answers = fc
  .record({
    interim: fc.array(
      fc.record({
        status: fc.constantFrom(100, 102, 103, 150, 199),
        headers: fc.constantFrom([], ["link: </a>"]),
      }),
      { maxLength: 4 },
    ),
    version: fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/1.1 "),
    status: fc.constantFrom(200, 201, 299, 302, 404, 410, 429, 500, 503),
    headers: fc.array(
      fc.constantFrom(
        "x: y",
        "x : y",
        "a: b",
        " c",
        "\td",
        "set-cookie: \xe9=\u0001",
        ": z",
        "x:",
        "content-lengthy: 3",
      ),
      { maxLength: 6 },
    ),
    retryAfter: fc.constantFrom([], ["retry-after: 120"], ["Retry-After:", " 120"], ["retry-after : 120"]),
    framing: fc.constantFrom("length", "lengths", "list", "chunked", "both"),
    body: fc.string({
      unit: fc.constantFrom("a", "\n", "\r", " ", ":", "HTTP/1.1 200 OK\r\n\r\n"),
      maxLength: 20,
    }),
    lineEnds: fc.infiniteStream(fc.constantFrom("\r\n", "\r\n", "\n")),
  })
  .map(({ interim, version, status, headers, retryAfter, framing, body, lineEnds }) => {
    const length = `content-length: ${body.length}`;
    const chunks = framing === "chunked" || framing === "both";
    const frame = {
      length: [length],
      lengths: [length, "x: y", length],
      list: [`${length}, ${body.length}`],
      chunked: ["transfer-encoding: chunked"],
      both: [length, "transfer-encoding: chunked"],
    };
    const lines = [
      ...interim.flatMap((each) => [`HTTP/1.1 ${each.status} x`, ...each.headers, ""]),
      `${version} ${status} x`,
      ...headers,
      ...retryAfter,
      ...frame[framing],
      "",
    ];
    const ends = lineEnds[Symbol.iterator]();
    const heads = lines.map((line) => line + String(ends.next().value)).join("");
    const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
    return {
      bytes: Buffer.from(heads + (chunks ? `${chunk}0\r\n\r\n` : body), "latin1"),
      status,
      body,
      retryAfter: retryAfter.length === 0 ? null : "120",
    };
  });

/** Where to cut: any places, single bytes among them. */
const cuts = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 8 });

describe("whatever is put together of what others read, cut anywhere", () => {
  it("says the same", async () => {
    let answer: Buffer[] = [];
    const port = await rawPartner((socket) => void writeInPieces(socket, answer));
    const transport = transportTo(port, oneConnection);
    await fc.assert(
      fc.asyncProperty(answers, cuts, async ({ bytes, status, body, retryAfter }, at) => {
        const places = [0, ...at.map((part) => Math.floor(part * bytes.length)), bytes.length].toSorted(
          (a, b) => a - b,
        );
        answer = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        const exchange: Exchange = await transport.send(requestTo(port));
        expect(exchange).toMatchObject({
          status,
          failure: null,
          responseBody: body,
          retryAfter,
          truncated: false,
        });
      }),
      { seed: 20_261_127, numRuns: 400 },
    );
  });

  it("ends in time with a failure or a status where the partner resets at any byte", async () => {
    let answer = Buffer.alloc(0);
    const port = await rawPartner((socket) => socket.write(answer, () => socket.resetAndDestroy()));
    const transport = transportTo(port);
    await fc.assert(
      fc.asyncProperty(
        answers,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async ({ bytes }, part) => {
          answer = bytes.subarray(0, Math.floor(part * bytes.length));
          const exchange = await transport.send(requestTo(port));
          expect([null, "reset"]).toContain(exchange.failure?.class ?? null);
        },
      ),
      { seed: 20_261_127, numRuns: 200 },
    );
  });
});
