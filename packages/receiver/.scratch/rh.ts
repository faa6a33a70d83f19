const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "webhook-id":"msg_2sVZ8m1qkT0cQ4","webhook-timestamp":"1795000000","webhook-signature":"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" };
import { readHeaders,parseSignatureHeader } from "@postrider/protocol";
import { decodeBase64 } from "../../protocol/src/base64.ts";
const safeId = /^[!-+\-/-~]+$/;
const s=headers["webhook-signature"]!, b=s.slice(3);
const tsre=/^(?:0|[1-9][0-9]{0,13})$/;
const c:Record<string,()=>unknown>={
 readHeaders:()=>readHeaders(headers),
 parseSig:()=>parseSignatureHeader(s),
 b64:()=>decodeBase64(b),
 b64slice:()=>decodeBase64(s.slice(3)),
 u33:()=>new Uint8Array(32),
 keys:()=>{let n=0;for(const k of Object.keys(headers))n+=k.length;return n},
 keysVal:()=>{let n=0;for(const k of Object.keys(headers)){if((k.charCodeAt(0)|32)===119)n+=headers[k]!.length};return n},
 lower:()=>{let n=0;for(const k of Object.keys(headers)){if((k.charCodeAt(0)|32)===119){if(k.toLowerCase()==="webhook-id")n++}};return n},
 re1:()=>safeId.test(headers["webhook-id"]!), re2:()=>tsre.test("1795000000"), inc:()=>s.includes(" "), num:()=>Number("1795000000"),
 tag:()=>Symbol.iterator in headers,
};
for(const [n,f] of Object.entries(c)){const l:number[]=[];let x:unknown;
 for(let r=-20;r<100;r++){const s=process.hrtime.bigint();for(let i=0;i<3000;i++) x=f();const t=Number(process.hrtime.bigint()-s)/3e6;if(r>=0)l.push(t)}
 l.sort((a,b)=>a-b);console.log(n.padEnd(14),l[3]!.toFixed(3),l[50]!.toFixed(3));}
