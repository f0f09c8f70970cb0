/** Records which URLs a health run asks for, so that the floor can ask for the same. */
import { connect } from "../lib/clients/kubernetes/client.ts";
import { parseKubeconfig } from "../lib/clients/kubernetes/kubeconfig.ts";
import { collect, sourcesOf } from "../lib/engine/collect.ts";
import { components } from "../lib/components/mod.ts";

const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** Writes the plan (mode 0600: it holds the client key) and says how many requests it has. */
export async function writePlan(kubeconfig: string, file: string): Promise<number> {
  const client = await connect({ kubeconfig, timeoutMs: 10_000 });
  const requests: { path: string; accept: string }[] = [];
  const recording: typeof client = {
    ...client,
    get(path, options = {}) {
      requests.push({
        path,
        accept: options.metadataOnly ? METADATA : options.raw ? "*/*" : "application/json",
      });
      return client.get(path, options);
    },
  };
  await collect(recording, sourcesOf(components), { namespace: "data-platform" });
  client.close();
  const config = await parseKubeconfig(await Deno.readTextFile(kubeconfig), kubeconfig, ".");
  const [cluster] = config.clusters.values();
  const [user] = config.users.values();
  const pem = (material: { pem: string } | { file: string } | undefined) =>
    material && "pem" in material ? material.pem : "";
  const plan = {
    server: cluster?.server,
    caCerts: [pem(cluster?.ca)],
    cert: pem(user?.cert),
    key: pem(user?.key),
    requests,
  };
  await Deno.writeTextFile(file, JSON.stringify(plan), { mode: 0o600 });
  return requests.length;
}
