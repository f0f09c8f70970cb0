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
];
