import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { LabError } from "../../errors.ts";
import { waitFor } from "../../process.ts";
import { applyAt, get, isOk } from "../api.ts";
import { cniConf } from "./containerd.ts";
import type { Daemon } from "../daemon.ts";
import { componentKubeconfig } from "../kubeconfig.ts";

/** Calico's version, as built by lab/build. */
export const CALICO_VERSION = "3.28.5";

/** Pure: the CNI network: Calico's plugin gives each pod a veth and hands policies to felix. */
export function cniNetwork(ctx: LabContext): unknown {
  return {
    name: `lakecheck-lab-${ctx.slot}`,
    cniVersion: "1.0.0",
    plugins: [
      {
        type: "calico",
        datastore_type: "kubernetes",
        nodename: ctx.nodeName,
        nodename_file_optional: true,
        mtu: 1500,
        log_level: "Warning",
        log_file_path: join(ctx.log, "calico-cni.log"),
        ipam: { type: "calico-ipam" },
        policy: { type: "k8s" },
        // A pod may ask for an address of its own: the object store's gateway does.
        feature_control: { ip_addrs_no_ipam: true },
        kubernetes: { kubeconfig: componentKubeconfig(ctx, "calico") },
      },
      { type: "portmap", snat: true, backend: "nftables", capabilities: { portMappings: true } },
    ],
  };
}

/** Writes the CNI configuration. */
export function configureCni(ctx: LabContext): void {
  writeFileSync(join(cniConf(ctx), "10-calico.conflist"), JSON.stringify(cniNetwork(ctx), null, 2), {
    mode: 0o600,
  });
}

/** felix: turns NetworkPolicies into rules (iptables on nftables, ipset) inside the namespace. */
export function felix(ctx: LabContext): Daemon {
  return {
    name: "calico-felix",
    version: CALICO_VERSION,
    argv: [join(ctx.cache, "bin/calico-felix"), "--config-file=/dev/null"],
    env: {
      KUBECONFIG: componentKubeconfig(ctx, "calico"),
      FELIX_DATASTORETYPE: "kubernetes",
      FELIX_FELIXHOSTNAME: ctx.nodeName,
      FELIX_IPTABLESBACKEND: "NFT",
      FELIX_MTUIFACEPATTERN: `^${ctx.veth.inside}$`,
      FELIX_XDPENABLED: "false",
      FELIX_BPFENABLED: "false",
      FELIX_IPV6SUPPORT: "false",
      FELIX_DEFAULTENDPOINTTOHOSTACTION: "ACCEPT",
      FELIX_LOGSEVERITYSYS: "none",
      FELIX_LOGSEVERITYSCREEN: "Warning",
      FELIX_LOGFILEPATH: "none",
      FELIX_USAGEREPORTINGENABLED: "false",
      FELIX_HEALTHENABLED: "true",
      FELIX_HEALTHHOST: ctx.net.node,
      FELIX_HEALTHPORT: "9099",
    },
    files: [componentKubeconfig(ctx, "calico")],
    ready: () => isOk(ctx, `http://${ctx.net.node}:9099/readiness`),
    readyMs: 40_000,
  };
}

const RBAC = "rbac.authorization.k8s.io";
const CRD_GROUP = "crd.projectcalico.org";

function rules(): unknown[] {
  const read = ["get", "list", "watch"];
  const core = ["nodes", "pods", "namespaces", "services", "serviceaccounts", "endpoints"];
  return [
    { apiGroups: [""], resources: core, verbs: read },
    { apiGroups: [""], resources: ["pods/status", "nodes/status"], verbs: ["patch", "update"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: read },
    { apiGroups: [CRD_GROUP], resources: ["*"], verbs: [...read, "create", "update", "patch", "delete"] },
  ];
}

/** Pure: what felix and the CNI plugin may do, and Calico's own configuration: API path to object. */
export function calicoObjects(ctx: LabContext): Map<string, unknown> {
  const metadata = { name: "calico-node" };
  const roleRef = { apiGroup: RBAC, kind: "ClusterRole", name: metadata.name };
  const subjects = [{ apiGroup: RBAC, kind: "User", name: metadata.name }];
  const rbac = { apiVersion: `${RBAC}/v1`, metadata };
  const own = { apiVersion: `${CRD_GROUP}/v1` };
  const pool = { cidr: ctx.net.pods, natOutgoing: true, ipipMode: "Never", vxlanMode: "Never" };
  return new Map<string, unknown>([
    [`/apis/${RBAC}/v1/clusterroles/calico-node`, { ...rbac, kind: "ClusterRole", rules: rules() }],
    [`/apis/${RBAC}/v1/clusterrolebindings/calico-node`, {
      ...rbac,
      kind: "ClusterRoleBinding",
      roleRef,
      subjects,
    }],
    [`/apis/${CRD_GROUP}/v1/clusterinformations/default`, {
      ...own,
      kind: "ClusterInformation",
      metadata: { name: "default" },
      spec: { datastoreReady: true },
    }],
    [`/apis/${CRD_GROUP}/v1/ippools/pods`, {
      ...own,
      kind: "IPPool",
      metadata: { name: "pods" },
      spec: pool,
    }],
  ]);
}

/** Calico's CRDs from its own sources: API path to YAML text. */
function customResources(ctx: LabContext): Map<string, string> {
  const dir = join(ctx.cache, "manifests/calico/crds");
  const files = existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith(".yaml")) : [];
  if (files.length === 0) {
    throw new LabError("calico", `${dir} has no CRDs`, undefined, "deno task lab:up makes them");
  }
  return new Map(files.map((file) => {
    const text = readFileSync(join(dir, file), "utf8");
    const name = /^ {2}name: (\S+)$/m.exec(text)?.[1] ?? file;
    return [`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, text];
  }));
}

/** Installs Calico's CRDs, its rights and its configuration, unless they are there. True when it did. */
export async function installCalico(ctx: LabContext): Promise<boolean> {
  const objects = calicoObjects(ctx);
  const answers = await Promise.all([...objects.keys()].map((path) => get(ctx, ctx.apiServer + path)));
  if (answers.every((answer) => answer.status === 200)) return false;
  const definitions = [...customResources(ctx)];
  await Promise.all(definitions.map(([path, text]) => applyAt(ctx, "calico", path, text)));
  // A definition is served a moment after it was accepted.
  const served = () => isOk(ctx, `${ctx.apiServer}/apis/${CRD_GROUP}/v1/ippools`);
  const both = async () =>
    await served() && await isOk(ctx, `${ctx.apiServer}/apis/${CRD_GROUP}/v1/clusterinformations`);
  if (!await waitFor(both, 120_000)) throw new LabError("calico", "its CRDs are not served after 120 s");
  await Promise.all(
    [...objects].map(([path, object]) => applyAt(ctx, "calico", path, JSON.stringify(object))),
  );
  return true;
}
