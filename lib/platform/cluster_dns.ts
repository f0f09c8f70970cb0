/** Which Service answers for names within the cluster: distributions call it differently. Pure. */
import type { ObjectRef } from "../engine/model.ts";
import { own } from "../untrusted/lookup.ts";

const DNS_PORT = 53;

/** Labels of the pods: kubeadm, RKE2, k3s, EKS, GKE and Talos; the chart of CoreDNS; OpenShift. */
const SERVERS: readonly (readonly [label: string, value: string])[] = [
  ["k8s-app", "kube-dns"],
  ["k8s-app", "coredns"],
  ["app.kubernetes.io/name", "coredns"],
  ["dns.operator.openshift.io/daemonset-dns", "default"],
];

/** Where it is, when nothing tells; its name in most distributions. */
export const USUAL_DNS: ObjectRef = { kind: "Service", namespace: "kube-system", name: "kube-dns" };

/** Only here is a server of names that of the cluster, and not one of a tenant. */
export const DNS_NAMESPACES: ReadonlySet<string> = new Set(["kube-system", "openshift-dns"]);

export interface DnsService {
  name: string;
  namespace: string;
  selector: Readonly<Record<string, string>>;
  ports: readonly number[];
}

/** Whether a Service answers for names within the cluster. */
export function isClusterDns({ name, namespace, selector, ports }: DnsService): boolean {
  if (!DNS_NAMESPACES.has(namespace)) return false;
  if (namespace === USUAL_DNS.namespace && name === USUAL_DNS.name) return true;
  return ports.includes(DNS_PORT) && isDnsServer(selector);
}

/** Whether pods with these labels are its servers. */
export function isDnsServer(labels: Readonly<Record<string, string>>): boolean {
  return SERVERS.some(([label, value]) => own(labels, label) === value);
}
