const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const invalid = 128;
const values = new Uint8Array(256).fill(invalid);
for (let value = 0; value < 64; value += 1) values[alphabet.charCodeAt(value)] = value;
import { decodeBase64 as now } from "../../protocol/src/base64.ts";
const at=(text:string,i:number)=>values[text.charCodeAt(i)]??invalid;
function v2(text:string){
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = length - padding;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let wrong = 0, quad=0, written=0;
  for (let i = 0; i < length; i += 4) {
    const c=i+2<digits?at(text,i+2):0, d=i+3<digits?at(text,i+3):0, a=at(text,i), b=at(text,i+1);
    wrong|=a|b|c|d;
    quad=(a<<18)|(b<<12)|(c<<6)|d;
    bytes[written++]=quad>>16; bytes[written++]=quad>>8; bytes[written++]=quad;
  }
  return wrong<invalid && (quad & ((1<<(8*padding))-1))===0?bytes:undefined;
}
function v3(text:string){
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  const padding = text.charCodeAt(length-1)!==61?0:text.charCodeAt(length-2)===61?2:1;
  const digits = length - padding;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let wrong = 0, quad=0, written=0;
  for (let i = 0; i < digits; i += 1) {
    const v=values[text.charCodeAt(i)]??invalid;
    wrong|=v; quad=(quad<<6)|v;
    if((i&3)===3){bytes[written]=quad>>16;bytes[written+1]=quad>>8;bytes[written+2]=quad;written+=3}
  }
  return bytes;
}
const s=Buffer.from(Array.from({length:32},(_,i)=>i*37&255)).toString("base64");
console.log(Buffer.from(v2(s)!).equals(Buffer.from(now(s)!)));
const c:Record<string,()=>unknown>={now:()=>now(s),v2:()=>v2(s),v3:()=>v3(s),u32:()=>new Uint8Array(32), frombase64:()=>(Uint8Array as any).fromBase64(s), ew:()=>s.endsWith("==")?2:s.endsWith("=")?1:0};
const times: Record<string, number[]> = {};
for (let r=-20;r<200;r++) for (const [n,f] of Object.entries(c)) {
  const N=1000; const st=process.hrtime.bigint();
  for(let i=0;i<N;i++) f();
  const t=Number(process.hrtime.bigint()-st)/N/1000;
  if(r>=0)(times[n]??=[]).push(t);
}
for(const [n,l] of Object.entries(times)){l.sort((a,b)=>a-b);console.log(n.padEnd(16),"min",l[2]!.toFixed(3),"p25",l[50]!.toFixed(3),"med",l[100]!.toFixed(3))}
