// The Deployments of mon, osd and rgw, with Rook's names and labels.
import { NAMESPACE } from "./ceph.ts";

interface Daemon {
  type: "mon" | "osd" | "rgw";
  /** `a`, `0`, `storage.a`: Rook's id of the daemon. */
  id: string;
  /** Name of the Deployment. */
  name: string;
  image: string;
  /** The CR that the daemon belongs to. */
  parent: { kind: string; name: string };
  owner: unknown;
  labels?: Record<string, string>;
  env?: Record<string, string>;
  resources?: unknown;
  probe: unknown;
}

/** Rook's labels of one daemon. */
export function daemonLabels(
  daemon: Pick<Daemon, "type" | "id" | "parent" | "labels">,
): Record<string, string> {
  return {
    app: `rook-ceph-${daemon.type}`,
    "app.kubernetes.io/component": `${daemon.parent.kind.toLowerCase()}s.ceph.rook.io`,
    "app.kubernetes.io/created-by": "rook-ceph-operator",
    "app.kubernetes.io/instance": daemon.id,
    "app.kubernetes.io/managed-by": "rook-ceph-operator",
    "app.kubernetes.io/name": `ceph-${daemon.type}`,
    "app.kubernetes.io/part-of": daemon.parent.name,
    ceph_daemon_id: daemon.id,
    ceph_daemon_type: daemon.type,
    rook_cluster: NAMESPACE,
    [daemon.type]: daemon.id,
    ...daemon.labels,
  };
}

/** The Deployment that runs one daemon. */
export function deployment(daemon: Daemon): unknown {
  const labels = daemonLabels(daemon);
  const data = `${Deno.env.get("LAB_DATA_DIR") ?? "/var/lib/rook"}/${daemon.type}`;
  const volumes: unknown[] = [
    { name: "config", secret: { secretName: "rook-ceph-config" } },
    { name: "tmp", emptyDir: {} },
  ];
  const mounts = [{ name: "config", mountPath: "/etc/ceph", readOnly: true }, {
    name: "tmp",
    mountPath: "/tmp",
  }];
  if (daemon.type !== "rgw") {
    volumes.push({ name: "data", hostPath: { path: data, type: "DirectoryOrCreate" } });
    mounts.push({ name: "data", mountPath: "/var/lib/ceph" });
  }
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: daemon.name, namespace: NAMESPACE, labels, ownerReferences: [daemon.owner] },
    spec: {
      replicas: 1,
      strategy: { type: "Recreate" },
      selector: { matchLabels: { app: labels.app, ceph_daemon_id: daemon.id, rook_cluster: NAMESPACE } },
      template: {
        metadata: { labels },
        spec: {
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 10,
          containers: [{
            name: daemon.type,
            image: daemon.image,
            command: ["/app/lakecheck-ceph", daemon.type],
            env: [
              { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              ...Object.entries(daemon.env ?? {}).map(([name, value]) => ({ name, value })),
            ],
            readinessProbe: daemon.probe,
            resources: daemon.resources ?? {},
            volumeMounts: mounts,
          }],
          volumes,
        },
      },
    },
  };
}
