import { hash, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { parseSecret, sign, readSignedMessage } from "@postrider/protocol";
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
const now = new Date();
const secrets=[sec];
const sync=()=>{const m=readSignedMessage(headers,{secrets,now:new Date(),toleranceSeconds:300,headerPrefix:"webhook-"});const c=m.candidates[0]!;if(!hmac(c.secret,`${m.id}.${m.timestampSeconds}.`,body,c.signature))throw 1;return {id:m.id,timestampSeconds:m.timestampSeconds,scheme:"v1",secretIndex:0}};
const c: Record<string, () => unknown> = {
  ref: () => reference.verify(body, headers, { jsonParse: false }),
  kit: () => verify(body, headers, { secrets: secret }),
  kitparsed: () => verify(body, headers, { secrets: sec, now }),
  asyncsync: async () => sync(),
  sync,
};
const which=process.argv[2]?process.argv[2].split(","):Object.keys(c);
const times: Record<string, number[]> = {};
const cpu=()=>{const u=(process as any).threadCpuUsage();return u.user+u.system};
for (let r=-20;r<100;r++) for (const n of which) { const f=c[n]!;
  const N=400;
  const s=cpu();
  for(let i=0;i<N;i++) await f();
  const t=(cpu()-s)/N;
  if(r>=0)(times[n]??=[]).push(t);
}
for(const [n,l] of Object.entries(times)){const mean=l.reduce((a,b)=>a+b)/l.length;l.sort((a,b)=>a-b);console.log(n.padEnd(16),"p25",l[25]!.toFixed(2),"med",l[50]!.toFixed(2),"mean",mean.toFixed(2))}
