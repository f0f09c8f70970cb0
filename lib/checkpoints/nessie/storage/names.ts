/** Ids that trials of storage name of each other. */
export const STORE_OPEN = "nessie.store-open";
export const STORE_TABLES = "nessie.store-tables";
