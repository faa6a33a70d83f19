import {readFileSync,readdirSync} from "node:fs";
const f=process.argv[2]!;const p=JSON.parse(readFileSync(f,"utf8"));
const self=new Map<string,number>();const byId=new Map(p.nodes.map((n:any)=>[n.id,n]));
let tot=0;p.samples.forEach((id:number,i:number)=>{const n:any=byId.get(id);const k=n.callFrame.functionName+" "+n.callFrame.url.split("/").slice(-2).join("/")+":"+n.callFrame.lineNumber;self.set(k,(self.get(k)??0)+p.timeDeltas[i]);tot+=p.timeDeltas[i]});
for(const [k,v] of [...self].sort((a,b)=>b[1]-a[1]).slice(0,25))console.log((v/tot*100).toFixed(1)+"%",k);
