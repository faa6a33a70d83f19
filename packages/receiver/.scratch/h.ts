import { hash, timingSafeEqual } from "node:crypto";
import { parseSecret, sign, readSignedMessage,readHeaders,parseSignatureHeader,checkFreshness } from "@postrider/protocol";
import { findHmac } from "../src/hmac.ts";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const sec = parseSecret(secret);
let timestampSeconds = Math.floor(Date.now() / 1000);
const body = Buffer.from("x".repeat(1024));
let id="msg_2sVZ8m1qkT0cQ4";
const signed = await sign(body, { id, timestampSeconds, secrets: [sec] });
const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", ...signed };
const hmac = findHmac()!;
const sig=Uint8Array.from(Buffer.from(signed["webhook-signature"].slice(3),"base64"));
const pads=Buffer.alloc(64,1), outer=new Uint8Array(96), reused=new Uint8Array(65536), computed=new Uint8Array(32);
const prefix0=`${id}.${timestampSeconds}.`;
function write(target: Uint8Array, text: string, at: number): void { for (let index = 0; index < text.length; index += 1) target[at + index] = text.charCodeAt(index); }
const setOnly=()=>{const input=reused.subarray(0,64+30+1024);input.set(pads);input.set(body,94)};
const setWrite=()=>{const input=reused.subarray(0,64+30+1024);input.set(pads);write(input,prefix0,64);input.set(body,94)};
const setWriteCons=()=>{const input=reused.subarray(0,64+30+1024);input.set(pads);write(input,`${id}.${timestampSeconds}.`,64);input.set(body,94)};
const parts=()=>{const input=reused.subarray(0,64+30+1024);input.set(pads);write(input,id,64);input[64+id.length]=46;let t=String(timestampSeconds);write(input,t,65+id.length);input[65+id.length+t.length]=46;input.set(body,94)};
const opts={secrets:[sec],now:new Date(),toleranceSeconds:300,headerPrefix:"webhook-" as const};
const sigh=signed["webhook-signature"];
const c: Record<string,()=>unknown>={setOnly,setWrite,setWriteCons,parts,
 hmac0:()=>hmac(sec,prefix0,body,sig),
 hmacCons:()=>hmac(sec,`${id}.${timestampSeconds}.`,body,sig),
 readSigned:()=>readSignedMessage(headers,opts),
 readHeaders:()=>readHeaders(headers),
 sigHeader:()=>parseSignatureHeader(sigh),
 keys:()=>Object.keys(headers),
 fresh:()=>checkFreshness(timestampSeconds,opts),
 both:()=>{const m=readSignedMessage(headers,opts);return hmac(sec,`${m.id}.${m.timestampSeconds}.`,body,m.candidates[0]!.signature)},
 both0:()=>{const m=readSignedMessage(headers,opts);return hmac(sec,prefix0,body,m.candidates[0]!.signature)},
};
const which=process.argv[2]?process.argv[2].split(","):Object.keys(c);
const times: Record<string, number[]> = {};
for (let r=-20;r<200;r++) for (const n of which) { const f=c[n]!;
  const N=500; const s=process.hrtime.bigint();
  for(let i=0;i<N;i++) f();
  const t=Number(process.hrtime.bigint()-s)/N/1000;
  if(r>=0)(times[n]??=[]).push(t);
}
for(const [n,l] of Object.entries(times)){l.sort((a,b)=>a-b);console.log(n.padEnd(16),"min",l[2]!.toFixed(2),"p25",l[50]!.toFixed(2),"med",l[100]!.toFixed(2))}
