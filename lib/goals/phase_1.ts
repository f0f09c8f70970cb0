/** Phase 1, the foundation: object store, catalog, tables, and what keeps them running. */
import type { Goal, Objective, Phase } from "./goal.ts";

type Words = Omit<Goal, "id" | "kind"> & { id: string };

function objective(
  id: string,
  title: string,
  { deliverables, criteria }: { deliverables: readonly Words[]; criteria: readonly Words[] },
): Objective {
  const goals = (kind: Goal["kind"], all: readonly Words[]) =>
    all.map((words): Goal => ({ ...words, id: `${id}-${words.id}`, kind }));
  return { id, title, goals: [...goals("deliverable", deliverables), ...goals("criterion", criteria)] };
}

const objectStore = objective("1.1", "Object store for the lakehouse", {
  deliverables: [
    { id: "buckets", title: "Buckets of the platform", part: "s3", evidence: ["s3.reached", "s3.buckets"] },
    {
      id: "keys",
      title: "Users and their keys",
      part: "s3",
      evidence: ["s3.credentials", "s3.credential-copies"],
    },
  ],
  criteria: [
    {
      id: "operations",
      title: "Operations of lakehouse clients",
      part: "s3",
      evidence: [
        "s3.put-get",
        "s3.head",
        "s3.ranges",
        "s3.list-pages",
        "s3.list-fresh",
        "s3.copy",
        "s3.batch-delete",
        "s3.multipart",
      ],
    },
    {
      id: "parquet",
      title: "Parquet files come back the same",
      part: "s3",
      evidence: ["s3.format-types", "s3.format-nested", "s3.format-row-groups", "s3.format-parts"],
    },
    {
      id: "compatibility",
      title: "Settings of clients are known",
      part: "s3",
      evidence: ["s3.dialect-sound", "s3.dialect-settings"],
    },
    {
      id: "access",
      title: "Wrong keys are rejected",
      part: "s3",
      evidence: ["s3.wrong-key-id", "s3.wrong-secret", "s3.anonymous"],
    },
    {
      id: "performance",
      title: "S3 operations within 5 s",
      part: "s3",
      evidence: ["s3.performance-budget", "s3.performance-errors"],
      budget: "s3",
    },
  ],
});

const catalog = objective("1.2", "Nessie catalog on CloudNativePG", {
  deliverables: [
    {
      id: "catalog",
      title: "Catalog",
      part: "nessie",
      evidence: ["nessie.reached", "nessie.pods-ready", "nessie.api-answers"],
    },
    {
      id: "database",
      title: "Database on CloudNativePG",
      part: "health",
      evidence: ["postgresql.clusters", "postgresql.instances", "postgresql.primary-service"],
    },
  ],
  criteria: [
    {
      id: "api",
      title: "Nessie and Iceberg REST API",
      part: "nessie",
      evidence: [
        "nessie.config",
        "nessie.default-branch",
        "nessie.references",
        "nessie.entries",
        "nessie.contents",
        "nessie.iceberg-config",
        "nessie.warehouse",
        "nessie.can-create-table",
        "nessie.can-append",
        "nessie.can-refuse-stale-append",
      ],
    },
    {
      id: "versioning",
      title: "Branches, commits, merges, time travel",
      part: "nessie",
      evidence: [
        "nessie.branch",
        "nessie.commit",
        "nessie.conflict",
        "nessie.concurrent-commits",
        "nessie.merge",
        "nessie.merge-conflict",
        "nessie.tag",
        "nessie.time-travel",
      ],
    },
    {
      id: "storage",
      title: "Commits arrive in the database",
      part: "nessie",
      evidence: ["nessie.store-kept", "nessie.store-open", "nessie.store-tables", "nessie.store-grows"],
    },
    {
      id: "restart",
      title: "Storage survives a restart",
      part: "nessie",
      evidence: [["nessie.store-survives", "nessie.restart-loses-nothing"]],
    },
    {
      id: "integrity",
      title: "Tables are whole, from catalog to objects",
      part: "nessie",
      evidence: ["nessie.integrity-walk", "nessie.integrity-metadata", "nessie.integrity-files"],
    },
    {
      id: "metadata",
      title: "Metadata queries within 2 s",
      part: "nessie",
      evidence: ["nessie.latency"],
      budget: "metadata",
    },
  ],
});

const tables = objective("1.3", "Iceberg tables through engines", {
  deliverables: [{
    id: "engine",
    title: "An engine with the catalog",
    part: "iceberg",
    evidence: ["iceberg.reached", "iceberg.any-engine", "iceberg.engine"],
  }],
  criteria: [
    {
      id: "create",
      title: "Create, fill and change tables",
      part: "iceberg",
      evidence: ["iceberg.create", "iceberg.rows"],
    },
    { id: "evolve", title: "Schemas evolve", part: "iceberg", evidence: ["iceberg.evolve"] },
    {
      id: "travel",
      title: "Time travel and branches",
      part: "iceberg",
      evidence: ["iceberg.travel", "iceberg.branches"],
    },
    {
      id: "writers",
      title: "Writers side by side lose nothing",
      part: "iceberg",
      evidence: ["iceberg.writers"],
    },
    { id: "maintain", title: "Maintenance", part: "iceberg", evidence: ["iceberg.maintain"] },
    {
      id: "engines",
      title: "Engines read what others wrote",
      part: "iceberg",
      evidence: ["iceberg.read-each-other"],
    },
    {
      id: "creation",
      title: "Table creation within 30 s",
      part: "iceberg",
      evidence: ["iceberg.creation-time"],
      budget: "table",
    },
  ],
});

const operations = objective("1.4", "Operations", {
  deliverables: [
    {
      id: "secrets",
      title: "Secrets through External Secrets",
      part: "health",
      evidence: ["external-secrets.synced", "external-secrets.operator", "external-secrets.items"],
    },
    { id: "backup", title: "Backups of the catalog", part: "backup", evidence: [] },
    { id: "metrics", title: "Metrics of the catalog", part: "nessie", evidence: ["nessie.metrics"] },
  ],
  criteria: [
    {
      id: "health",
      title: "The platform is healthy",
      part: "health",
      evidence: [
        "kubernetes.platform-namespace",
        "nodes.some-ready",
        "pods.ready",
        "deployments.ready",
        "services.endpoints",
        "persistentvolumeclaims.bound",
      ],
    },
    { id: "restore", title: "A backup was restored and compared", part: "backup", evidence: [] },
    {
      id: "backup-time",
      title: "Backup within 10 min",
      part: "backup",
      evidence: [],
      budget: "backup",
    },
  ],
});

export const PHASE_1: Phase = {
  phase: 1,
  title: "Foundation: object store, catalog, tables, operations",
  task: "data-platform:test:phase1",
  objectives: [objectStore, catalog, tables, operations],
};
