import type { LabContext } from "../../context.ts";
import { LabError } from "../../errors.ts";
import { waitFor } from "../../process.ts";
import { applyAt, get, kubectl } from "../api.ts";

/** CoreDNS' version, as built by lab/build. */
export const COREDNS_VERSION = "1.12.1";
/** CoreDNS' image, under its real name. */
export const COREDNS_IMAGE = `registry.k8s.io/coredns/coredns:v${COREDNS_VERSION}`;

/** Names outside the cluster do not exist in the lab, and CoreDNS says so at once instead of asking in vain. */
const COREFILE = `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 30
    }
    prometheus :9153
    cache 30
    reload
    loadbalance
}
.:53 {
    errors
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`;

const labels = { "k8s-app": "kube-dns" };
const CORE = "/api/v1/namespaces/kube-system";
const DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";
const metadata = { name: "coredns", namespace: "kube-system", labels };

const RBAC = "rbac.authorization.k8s.io";
const ROLE = "system:coredns";

function rights(): [string, unknown][] {
  const read = ["list", "watch"];
  const rules = [
    { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: read },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
  ];
  const cluster = { apiVersion: `${RBAC}/v1`, metadata: { name: ROLE } };
  const subjects = [{ kind: "ServiceAccount", name: metadata.name, namespace: metadata.namespace }];
  const roleRef = { apiGroup: RBAC, kind: "ClusterRole", name: ROLE };
  return [
    [`${CORE}/serviceaccounts/coredns`, { apiVersion: "v1", kind: "ServiceAccount", metadata }],
    [`/apis/${RBAC}/v1/clusterroles/${ROLE}`, { ...cluster, kind: "ClusterRole", rules }],
    [`/apis/${RBAC}/v1/clusterrolebindings/${ROLE}`, {
      ...cluster,
      kind: "ClusterRoleBinding",
      roleRef,
      subjects,
    }],
  ];
}

function podSpec(): unknown {
  const http = (path: string, port: number) => ({ httpGet: { path, port, scheme: "HTTP" } });
  return {
    priorityClassName: "system-cluster-critical",
    serviceAccountName: metadata.name,
    dnsPolicy: "Default",
    containers: [{
      name: "coredns",
      image: COREDNS_IMAGE,
      args: ["-conf", "/etc/coredns/Corefile"],
      ports: [
        { containerPort: 53, name: "dns", protocol: "UDP" },
        { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
        { containerPort: 9153, name: "metrics", protocol: "TCP" },
      ],
      resources: { limits: { memory: "170Mi" }, requests: { cpu: "50m", memory: "70Mi" } },
      livenessProbe: {
        ...http("/health", 8080),
        initialDelaySeconds: 60,
        timeoutSeconds: 5,
        failureThreshold: 5,
      },
      readinessProbe: { ...http("/ready", 8181), periodSeconds: 2 },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
      volumeMounts: [{ name: "config-volume", mountPath: "/etc/coredns", readOnly: true }],
    }],
    volumes: [{ name: "config-volume", configMap: { name: "coredns" } }],
  };
}

/** Pure: CoreDNS as kubeadm installs it, with one replica for the one node: API path to object. */
export function corednsObjects(ctx: LabContext): Map<string, unknown> {
  const port = (name: string, number: number, protocol: string) => ({ name, port: number, protocol });
  const ports = [port("dns", 53, "UDP"), port("dns-tcp", 53, "TCP"), port("metrics", 9153, "TCP")];
  return new Map([
    ...rights(),
    [`${CORE}/configmaps/coredns`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data: { Corefile: COREFILE },
    }],
    [`${CORE}/services/kube-dns`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, name: "kube-dns" },
      spec: { clusterIP: ctx.net.dns, selector: labels, ports },
    }],
    [DEPLOYMENT, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 1,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec() },
      },
    }],
  ]);
}

async function available(ctx: LabContext): Promise<boolean> {
  const answer = await get(ctx, ctx.apiServer + DEPLOYMENT);
  if (answer.status !== 200) return false;
  const deployment: { status?: { readyReplicas?: number } } = JSON.parse(answer.body);
  return (deployment.status?.readyReplicas ?? 0) > 0;
}

/** Applies CoreDNS unless it is there. True when it did. It becomes ready later: see awaitCoreDns. */
export async function installCoreDns(ctx: LabContext): Promise<boolean> {
  const objects = [...corednsObjects(ctx)];
  const answers = await Promise.all(objects.map(([path]) => get(ctx, ctx.apiServer + path)));
  if (answers.every((answer) => answer.status === 200)) return false;
  await Promise.all(objects.map(([path, object]) => applyAt(ctx, "coredns", path, JSON.stringify(object))));
  return true;
}

/** Waits until CoreDNS is ready, at most 60 s. */
export async function awaitCoreDns(ctx: LabContext): Promise<void> {
  if (await waitFor(() => available(ctx), 60_000, 100)) return;
  const events = await kubectl(ctx, ["-n", "kube-system", "get", "events", "--field-selector=type=Warning"]);
  const last = events.stdout.trim().split("\n").slice(-6).join("\n");
  throw new LabError("coredns", `its pod is not ready after 60 s. Events: ${last || events.stderr.trim()}`);
}
