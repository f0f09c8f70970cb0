/** How long things may take, in milliseconds: what checkpoints judge by, and what the goals promise. */
export const BUDGETS_MS = {
  /** One operation on the object store. */
  s3: 5_000,
  /** One query of metadata. */
  metadata: 2_000,
  /** Creating a table. */
  table: 30_000,
  /** A backup of the catalog's database. */
  backup: 600_000,
} as const;

export type Budget = keyof typeof BUDGETS_MS;
