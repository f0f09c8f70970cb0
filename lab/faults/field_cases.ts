/** What people met whose platforms are not the lab: their facts are the healthy recording, changed after public reports. */
import type { Expectation } from "./fault.ts";

export const fieldCases: readonly { name: string; title: string; expect: Expectation }[] = [
  {
    name: "cnpg-archiving-failing",
    title: "WAL has not been archived for two hours, and the last backup failed",
    expect: { exit: 1, roots: [] },
  },
  {
    name: "placement-groups-down",
    title: "97 placement groups are down, which is only a warning to Ceph",
    expect: { exit: 2, roots: ["CephCluster rook-ceph/rook-ceph"] },
  },
  {
    name: "onepassword-sdk-field-not-found",
    title: "The provider that asks 1Password itself says that an item lacks a field",
    expect: {
      exit: 1,
      roots: ["OnePasswordItem lakehouse/s3-credentials"],
      symptoms: ["ExternalSecret data-platform/s3-credentials"],
    },
  },
  {
    name: "onepassword-sdk-item-not-found",
    title: "The provider that asks 1Password itself says that an item is missing",
    expect: {
      exit: 1,
      roots: ["OnePasswordItem lakehouse/s3-credentials"],
      symptoms: ["ExternalSecret data-platform/s3-credentials"],
    },
  },
  {
    name: "onepassword-sdk-item-ambiguous",
    title: "The provider that asks 1Password itself says that two items have the same title",
    expect: {
      exit: 1,
      roots: ["OnePasswordItem lakehouse/s3-credentials"],
      symptoms: ["ExternalSecret data-platform/s3-credentials"],
    },
  },
  {
    name: "onepassword-sdk-vault-not-found",
    title: "The provider that asks 1Password itself says that its vault is missing",
    expect: {
      exit: 1,
      roots: ["OnePasswordVault lakehouse"],
      symptoms: [
        "ClusterSecretStore onepassword-connect",
        "ExternalSecret data-platform/nessie-postgres-credentials",
        "ExternalSecret data-platform/s3-credentials",
        "ExternalSecret data-platform/spark-jdbc-credentials",
        "ExternalSecret data-platform/spark-s3-credentials",
      ],
    },
  },
  {
    name: "external-secret-for-a-configmap",
    title: "An ExternalSecret writes a ConfigMap and no Secret",
    expect: { exit: 0, roots: [] },
  },
  {
    name: "old-event-wins",
    title: "The token is rejected now, and an event still tells of a fault that is over",
    expect: { exit: 1, roots: [] },
  },
];
