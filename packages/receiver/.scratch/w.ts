import { hash, timingSafeEqual } from "node:crypto";
const a=new Uint8Array(32), r=new Uint8Array(32);
const obj=()=>({id:"a",timestampSeconds:1,scheme:"v1",secretIndex:0});
const m=new Map<string,object>(); const k="whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o="; const so={kind:"whsec"}; m.set(k,so); const wm=new WeakMap(); wm.set(so,[1]);
const isK=(x:any)=>typeof x==="object"&&x!==null&&"refresh" in x;
const secretOf=(x:any)=>typeof x!=="string"?x:m.get(x);
const opts={secrets:k} as any;
const c: Record<string,()=>unknown>={
 tsePersist:()=>timingSafeEqual(a,r),
 tseFresh:()=>timingSafeEqual(a,new Uint8Array(32)),
 fresh:()=>new Uint8Array(32),
 fresh33:()=>new Uint8Array(33),
 tseCopy:()=>{const f=new Uint8Array(32);r.set(f);return timingSafeEqual(a,r)},
 jsEq:()=>{const f=new Uint8Array(32);let d=0;for(let i=0;i<32;i++)d|=a[i]!^f[i]!;return d===0},
 map:()=>m.get(k), weak:()=>wm.get(so),
 inputs:()=>{const inputs=Array.isArray(opts.secrets)?opts.secrets:[opts.secrets];const s=inputs.find(isK);return s===undefined?inputs.map(secretOf):0},
 date:()=>new Date(), dateNow:()=>Date.now(),
};
const ca: Record<string,()=>unknown>={ sync:obj, async0:async()=>{}, asyncObj:async()=>obj(), promResolve:()=>Promise.resolve(obj()), };
const times: Record<string, number[]> = {};
for (let rr=-20;rr<200;rr++) {for (const [n,f] of Object.entries(c)) {
  const N=500; const s=process.hrtime.bigint();
  for(let i=0;i<N;i++) f();
  const t=Number(process.hrtime.bigint()-s)/N/1000;
  if(rr>=0)(times[n]??=[]).push(t);
}
for (const [n,f] of Object.entries(ca)) {
  const N=500; const s=process.hrtime.bigint();
  for(let i=0;i<N;i++) await f();
  const t=Number(process.hrtime.bigint()-s)/N/1000;
  if(rr>=0)(times[n]??=[]).push(t);
}}
for(const [n,l] of Object.entries(times)){l.sort((a,b)=>a-b);console.log(n.padEnd(16),"min",l[2]!.toFixed(2),"p25",l[50]!.toFixed(2),"med",l[100]!.toFixed(2))}
