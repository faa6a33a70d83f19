import { hash, timingSafeEqual } from "node:crypto";
import { parseSecret, sign, readSignedMessage, readHeaders } from "@postrider/protocol";
import { verify } from "../src/index.ts";
import { findHmac } from "../src/hmac.ts";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const sec=parseSecret(secret);
const timestampSeconds = Math.floor(Date.now() / 1000);
const body = Buffer.from("x".repeat(1024));
const id="msg_2sVZ8m1qkT0cQ4";
const signed = await sign(body, { id, timestampSeconds, secrets: [sec] });
const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", ...signed };
const hmac=findHmac()!;
const opts={secrets:[sec],now:new Date(),toleranceSeconds:300,headerPrefix:"webhook-" as const};
const sig=Uint8Array.from(Buffer.from(signed["webhook-signature"].slice(3),"base64"));
const ts=String(timestampSeconds);
const b1=new Uint8Array(1118), b2=new Uint8Array(96);
const c:Record<string,()=>unknown>={
 kit:()=>verify(body,headers,{secrets:secret}),
 hmac:()=>hmac(sec,id,ts,body,sig),
 hashes:()=>{hash("sha256",b1,"latin1");hash("sha256",b2,"latin1")},
 readHeaders:()=>readHeaders(headers),
 readSigned:()=>readSignedMessage(headers,opts),
 nothing:()=>{},
 async:async()=>({a:1}),
};
const which=process.argv[2]?process.argv[2].split(","):Object.keys(c);
for(const n of which){const f=c[n]!;const l:number[]=[];
 for(let r=-20;r<150;r++){const s=process.hrtime.bigint();for(let i=0;i<2000;i++)await f();const t=Number(process.hrtime.bigint()-s)/2e6;if(r>=0)l.push(t)}
 l.sort((a,b)=>a-b);console.log(n.padEnd(14),l[3]!.toFixed(2),l[37]!.toFixed(2),l[75]!.toFixed(2));}
