import { createHash, hash, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { parseSecret, sign, readSignedMessage } from "@postrider/protocol";
import { readHeaders } from "@postrider/protocol";
import { verify } from "../src/index.ts";
import { findHmac } from "../src/hmac.ts";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const sec = parseSecret(secret);
const reference = new Webhook(secret);
const timestampSeconds = Math.floor(Date.now() / 1000);
const body = Buffer.from("x".repeat(1024));
const id="msg_2sVZ8m1qkT0cQ4";
const signed = await sign(body, { id, timestampSeconds, secrets: [sec] });
const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", ...signed };
const hmac = findHmac()!;
const input = new Uint8Array(64+30+1024).fill(7);
const outer = new Uint8Array(96).fill(3);
const sig = Buffer.from(signed["webhook-signature"].slice(3), "base64");
const a32=new Uint8Array(32), b32=new Uint8Array(32);
const prefix = `${id}.${timestampSeconds}.`;
const now = new Date();
const secrets=[sec];
const opts={secrets,now,toleranceSeconds:300,headerPrefix:"webhook-" as const};
const empty = async()=>{};
const c: Record<string, () => unknown> = {
  ref: () => reference.verify(body, headers, { jsonParse: false }),
  kit: () => verify(body, headers, { secrets: secret }),
  readSigned: () => readSignedMessage(headers, opts),
  readHeaders: () => readHeaders(headers),
  hmac: () => hmac(sec, prefix, body, sig),
  "hash1k latin1": () => hash("sha256", input, "latin1"),
  "hash96 latin1": () => hash("sha256", outer, "latin1"),
  "hash1k buffer": () => hash("sha256", input, "buffer"),
  "hash1k hex": () => hash("sha256", input, "hex"),
  "hash1k base64": () => hash("sha256", input, "base64"),
  "timingSafe": () => timingSafeEqual(a32, b32),
  "new Date": () => new Date(),
  "async": empty,
  subarray: () => input.subarray(0, 1000),
};
const times: Record<string, number[]> = {};
for (let r=-10;r<60;r++) for (const [n,f] of Object.entries(c)) {
  const N=400; const isA = n==="kit"||n==="async"||n==="ref";
  const s=process.hrtime.bigint();
  if(isA) for(let i=0;i<N;i++) await f(); else for(let i=0;i<N;i++) f();
  const t=Number(process.hrtime.bigint()-s)/N/1000;
  if(r>=0)(times[n]??=[]).push(t);
}
for(const [n,l] of Object.entries(times)){l.sort((a,b)=>a-b);console.log(n.padEnd(16),l[15]!.toFixed(2),l[30]!.toFixed(2))}
