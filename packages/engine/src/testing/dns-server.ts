import { createSocket } from "node:dgram";
import { once } from "node:events";
import packet from "dns-packet";
import { systemClock } from "../ports/clock.ts";

/** What a name server answers for a name: its addresses, why it has none, or nothing at all. */
export type DnsAnswer = readonly string[] | "NXDOMAIN" | "SERVFAIL" | "REFUSED" | "silence";

export interface DnsServer {
  /** `address:port`. */
  readonly address: string;
  /** Each question that came, `A partner.test`, in order. */
  readonly questions: readonly string[];
  stop(): Promise<void>;
}

const rcodes = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 } as const;

/**
 * A name server on loopback, over UDP.
 *
 * @param answer by the name in lower case and the type of the addresses that are asked for
 * @param afterMs how long the answer to the question just asked takes
 * @example await startDnsServer((name) => (name.startsWith("hang") ? "silence" : ["127.0.0.1"]))
 */
export async function startDnsServer(
  answer: (name: string, type: "A" | "AAAA") => DnsAnswer,
  afterMs: () => number = () => 0,
): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  let open = true;
  socket.on("message", (bytes, { port, address }) => {
    const { id, questions: asked = [] } = packet.decode(bytes);
    const [question] = asked;
    if (question === undefined) return;
    const { name, type } = question;
    questions.push(`${type} ${name}`);
    const said = type === "A" || type === "AAAA" ? answer(name.toLowerCase(), type) : [];
    if (said === "silence") return;
    const addresses = typeof said === "string" ? [] : said;
    const ofType = addresses.filter((one) => one.includes(":") === (type === "AAAA"));
    const reply = packet.encode({
      type: "response",
      id,
      flags:
        packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (typeof said === "string" ? rcodes[said] : 0),
      questions: asked,
      answers: ofType.map((data) => ({ name, type: type === "AAAA" ? "AAAA" : "A", ttl: 3_600, data })),
    });
    const send = () => socket.send(reply, port, address, () => {});
    const waitMs = afterMs();
    if (waitMs === 0) send();
    else systemClock.after(waitMs, () => open && send());
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    stop: async () => {
      open = false;
      socket.close();
      await once(socket, "close");
    },
  };
}
