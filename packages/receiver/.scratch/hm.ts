import { hash, timingSafeEqual } from "node:crypto";
import { parseSecret, sign } from "@postrider/protocol";
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const sec=parseSecret(secret);
const timestampSeconds = Math.floor(Date.now() / 1000);
const body = Buffer.from("x".repeat(1024));
const id="msg_2sVZ8m1qkT0cQ4";
const ts=String(timestampSeconds);
const signed = await sign(body, { id, timestampSeconds, secrets: [sec] });
const b64=signed["webhook-signature"].slice(3);
const fresh=()=>{const s=new Uint8Array(32);for(let i=0;i<32;i++)s[i]=base[i]!;return s};
const base=Buffer.from(b64,"base64");
const k=sec.reveal().bytes;
const inner=Buffer.alloc(64,0x36), outer=Buffer.alloc(96,0x5c); k.forEach((b,i)=>{inner[i]=b^0x36;outer[i]=b^0x5c});
const reused=new Uint8Array(65536), computed=new Uint8Array(32), received=new Uint8Array(32);
const w=(t:Uint8Array,s:string,at:number)=>{for(let i=0;i<s.length;i++)t[at+i]=s.charCodeAt(i)};
const inner0=Uint8Array.from(inner);
function A(signature:Uint8Array){const dot=64+id.length,start=dot+ts.length+2,size=start+body.length;const input=reused.subarray(0,size);input.set(inner0);w(input,id,64);input[dot]=46;w(input,ts,dot+1);input[start-1]=46;input.set(body,start);w(outer,hash("sha256",input,"latin1"),64);w(computed,hash("sha256",outer,"latin1"),0);if(signature.length!==32)return false;received.set(signature);return timingSafeEqual(computed,received)}
// writes to reused (not the view), inner kept in place
reused.set(inner0);
function B(signature:Uint8Array){const dot=64+id.length,start=dot+ts.length+2,size=start+body.length;w(reused,id,64);reused[dot]=46;w(reused,ts,dot+1);reused[start-1]=46;reused.set(body,start);w(outer,hash("sha256",reused.subarray(0,size),"latin1"),64);w(computed,hash("sha256",outer,"latin1"),0);if(signature.length!==32)return false;received.set(signature);return timingSafeEqual(computed,received)}
function C(signature:Uint8Array){const dot=64+id.length,start=dot+ts.length+2,size=start+body.length;w(reused,id,64);reused[dot]=46;w(reused,ts,dot+1);reused[start-1]=46;reused.set(body,start);w(outer,hash("sha256",reused.subarray(0,size),"latin1"),64);const d=hash("sha256",outer,"latin1");let x=signature.length^32;for(let i=0;i<32;i++)x|=d.charCodeAt(i)^signature[i]!;return x===0}
const flat=new Uint8Array(1024+64+30);
function D(signature:Uint8Array){w(flat,id,64);flat.set(body,94);w(outer,hash("sha256",flat,"latin1"),64);const d=hash("sha256",outer,"latin1");let x=signature.length^32;for(let i=0;i<32;i++)x|=d.charCodeAt(i)^signature[i]!;return x===0}
const H=()=>{hash("sha256",flat,"latin1");hash("sha256",outer,"latin1");return true};
let c0:Record<string,(s:Uint8Array)=>boolean>={A,B,C,D,H};
console.log(A(fresh()),B(fresh()),C(fresh()));
for(let rep=0;rep<2;rep++)for(const [n,f] of Object.entries(c0)){const l:number[]=[];
 for(let r=-20;r<100;r++){const s=process.hrtime.bigint();for(let i=0;i<2000;i++)f(fresh());const t=Number(process.hrtime.bigint()-s)/2e6;if(r>=0)l.push(t)}
 l.sort((a,b)=>a-b);console.log(n,l[3]!.toFixed(2),l[50]!.toFixed(2));}
