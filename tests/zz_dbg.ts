import { components } from "../lib/components/mod.ts";
import { evaluate } from "../lib/engine/evaluate.ts";
import { factsOf } from "../bench/rca/snapshot.ts";
const L = new Set(["nessie","postgresql","spark-operator","spark-history-server","spark-client","s3-user","flux","argo-cd","external-secrets","onepassword-connect","rook-ceph","platform"]);
const [name, word = ""] = Deno.args;
const facts = await factsOf(`/work/shared/rca-benchmark/cases/${name}.raw.json.gz`, components);
const r = evaluate("x", components.filter((c) => !L.has(c.name)), facts);
for (const f of r.details.components.flatMap((c) => c.checks)) if (f.status !== "ok" && f.status !== "skipped" || (word && JSON.stringify(f).includes(word))) console.log(f.status, f.role, f.object.kind, f.object.name, f.reason, f.message, JSON.stringify(f.chain?.map((c) => `${c.object.kind}/${c.object.name} ${c.via}`)));
if (word) console.log(JSON.stringify((facts.sources.pods as any).items.filter((p: any) => p.metadata.name.includes(word)), null, 0), JSON.stringify((facts.sources.events as any).items?.filter((p: any) => p.involvedObject.name.includes(word))));
