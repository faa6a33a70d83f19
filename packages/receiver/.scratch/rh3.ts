const headers: Record<string, string> = { host: "partner.example", "user-agent": "Postrider/0.1", accept: "*/*", "content-type": "application/json", "content-length": "1024", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "webhook-id":"msg_2sVZ8m1qkT0cQ4","webhook-timestamp":"1795000000","webhook-signature":"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" };
import * as h from "./p/headers.ts";
import * as sh from "./p/signature-header.ts";
import { decodeBase64 } from "./p/base64.ts";
import { checkId } from "./p/signing-input.ts";
const {collect,namesOf,single,parseTimestamp,readHeaders}=h as any;
const names=namesOf["webhook-"];
const s=headers["webhook-signature"]!;
const safeId = /^[!-+\-/-~]+$/, plain=/^(?:0|[1-9][0-9]{0,13})$/;
const A=(src:any)=>{const v=collect(src,names);const id=single(v.id,names.id),t=single(v.timestamp,names.timestamp),g=single(v.signature,names.signature);
 if(id.length>256||!safeId.test(id)||!plain.test(t))throw 1; return {id,timestampSeconds:Number(t),signatures:sh.parseSignatureHeader(g,names.signature)}};
const B=(src:any)=>{const v=collect(src,names);const id=single(v.id,names.id),t=single(v.timestamp,names.timestamp),g=single(v.signature,names.signature);
 return {id,timestampSeconds:Number(t),signatures:sh.parseSignatureHeader(g,names.signature)}};
const C=(src:any)=>{const v=collect(src,names);const id=single(v.id,names.id),t=single(v.timestamp,names.timestamp),g=single(v.signature,names.signature);
 if(id.length>256||!safeId.test(id)||!plain.test(t))throw 1; return {id,timestampSeconds:Number(t),signatures:{entries:[{scheme:"v1",signature:decodeBase64(g,3)}],offered:["v1"]}}};
function collect2(src:any,names:any){const found:any={id:undefined,timestamp:undefined,signature:undefined};const first=names.id.charCodeAt(0);for(const n in src){if((n.charCodeAt(0)|32)!==first||!Object.hasOwn(src,n))continue;const l=n.toLowerCase();const v=src[n];if(l===names.id)found.id=v;else if(l===names.timestamp)found.timestamp=v;else if(l===names.signature)found.signature=v}return found}
const E=(src:any)=>{const v=collect2(src,names);const id=single(v.id,names.id),t=single(v.timestamp,names.timestamp),g=single(v.signature,names.signature);
 if(id.length>256||!safeId.test(id)||!plain.test(t))throw 1; return {id,timestampSeconds:Number(t),signatures:sh.parseSignatureHeader(g,names.signature)}};
const c:Record<string,()=>unknown>={ orig:()=>readHeaders(headers),A:()=>A(headers),B:()=>B(headers),C:()=>C(headers),E:()=>E(headers),col:()=>collect(headers,names),col2:()=>collect2(headers,names),sig:()=>sh.parseSignatureHeader(s,"x"),b:()=>decodeBase64(s,3)};
for(let q=0;q<2;q++)for(const [n,f] of Object.entries(c)){const l:number[]=[];let x:unknown;
 for(let r=-20;r<100;r++){const s=process.hrtime.bigint();for(let i=0;i<3000;i++) x=f();const t=Number(process.hrtime.bigint()-s)/3e6;if(r>=0)l.push(t)}
 l.sort((a,b)=>a-b);console.log(n.padEnd(14),l[3]!.toFixed(3),l[50]!.toFixed(3));}
