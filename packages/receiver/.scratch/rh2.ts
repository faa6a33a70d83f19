const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "webhook-id":"msg_2sVZ8m1qkT0cQ4","webhook-timestamp":"1795000000","webhook-signature":"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" };
import * as h from "./p/headers.ts";
import { checkId } from "./p/signing-input.ts";
import { parseSignatureHeader } from "./p/signature-header.ts";
const {collect,namesOf,single,parseTimestamp,readHeaders}=h as any;
const names=namesOf["webhook-"];
const s=headers["webhook-signature"]!;
const c:Record<string,()=>unknown>={
 readHeaders:()=>readHeaders(headers),
 collect:()=>collect(headers,names),
 collect3:()=>{const v=collect(headers,names);return single(v.id,names.id)+single(v.timestamp,names.timestamp)+single(v.signature,names.signature)},
 checkId:()=>checkId("msg_2sVZ8m1qkT0cQ4"), parseTs:()=>parseTimestamp("1795000000"),
 parseSig:()=>parseSignatureHeader(s),
};
for(const [n,f] of Object.entries(c)){const l:number[]=[];let x:unknown;
 for(let r=-20;r<100;r++){const s=process.hrtime.bigint();for(let i=0;i<3000;i++) x=f();const t=Number(process.hrtime.bigint()-s)/3e6;if(r>=0)l.push(t)}
 l.sort((a,b)=>a-b);console.log(n.padEnd(14),l[3]!.toFixed(3),l[50]!.toFixed(3));}
