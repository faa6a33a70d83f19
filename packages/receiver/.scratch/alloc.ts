import { Webhook } from "standardwebhooks";
import { parseSecret, sign, readHeaders, readSignedMessage } from "@postrider/protocol";
import { verify } from "../src/index.ts";
import { hash } from "node:crypto";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const reference = new Webhook(secret);
const timestampSeconds = Math.floor(Date.now() / 1000);
const body = Buffer.from("x".repeat(1024));
const signed = await sign(body, { id:"msg_2sVZ8m1qkT0cQ4", timestampSeconds, secrets: [parseSecret(secret)] });
const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", ...signed };
const opts={secrets:[parseSecret(secret)],now:new Date(),toleranceSeconds:300,headerPrefix:"webhook-" as const};
const b1=new Uint8Array(1118);
for (const [n,f] of Object.entries({kit:()=>verify(body,headers,{secrets:secret}),ref:()=>reference.verify(body,headers,{jsonParse:false}),readHeaders:()=>readHeaders(headers),readSigned:()=>readSignedMessage(headers,opts),hash:()=>hash("sha256",b1,"latin1"),sub:()=>b1.subarray(0,100),u33:()=>new Uint8Array(33),date:()=>new Date()})) {
 for(let i=0;i<20000;i++)await f();
 (globalThis as any).gc();
 const h0=process.memoryUsage(); for(let i=0;i<1000;i++)await f(); const h1=process.memoryUsage();
 console.log(n,(h1.heapUsed-h0.heapUsed)/1000,(h1.external-h0.external)/1000,(h1.arrayBuffers-h0.arrayBuffers)/1000);
}
