// in-situ pair: ref and kit in turn, ratio per pair
import { Webhook } from "standardwebhooks";
import { parseSecret, sign } from "@postrider/protocol";
import { verify } from "../src/index.ts";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const reference = new Webhook(secret);
const timestampSeconds = Math.floor(Date.now() / 1000);
const size=Number(process.argv[2]??1024);
const body = Buffer.from("x".repeat(size));
const signed = await sign(body, { id:"msg_2sVZ8m1qkT0cQ4", timestampSeconds, secrets: [parseSecret(secret)] });
const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", ...signed };
const N=Number(process.argv[3]??500);
async function t(f:()=>unknown){const s=process.hrtime.bigint();for(let i=0;i<N;i++)await f();return Number(process.hrtime.bigint()-s)/N/1000}
const ref=()=>reference.verify(body, headers, { jsonParse: false }), kit=()=>verify(body, headers, { secrets: secret });
for(let i=0;i<30;i++){await t(ref);await t(kit)}
const q:number[][]=[];
for(let i=0;i<300;i++){const k=await t(kit),r=await t(ref);q.push([r/k,k,r])}
const at=(j:number,p:number)=>{const l=q.map(x=>x[j]!).sort((a,b)=>a-b);return l[Math.floor(l.length*p)]!.toFixed(2)};
console.log("ratio p25/med/p75",at(0,.25),at(0,.5),at(0,.75)," kit min/med",at(1,.02),at(1,.5)," ref min/med",at(2,.02),at(2,.5));
