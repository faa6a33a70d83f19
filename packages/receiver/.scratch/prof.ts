import { parseSecret, sign } from "@postrider/protocol";
import { verify } from "../src/index.ts";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const timestampSeconds = Math.floor(Date.now() / 1000);
const body = Buffer.from("x".repeat(1024));
const signed = await sign(body, { id:"msg_2sVZ8m1qkT0cQ4", timestampSeconds, secrets: [parseSecret(secret)] });
const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", ...signed };
for (let k=0;k<8;k++){const s=process.hrtime.bigint();
for(let i=0;i<100000;i++) await verify(body, headers, { secrets: secret });
console.log(Number(process.hrtime.bigint()-s)/1e8);}
