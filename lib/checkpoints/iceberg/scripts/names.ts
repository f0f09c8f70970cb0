/** The names of the scripts of docs/iceberg, as they are called in the scratch namespace of a run. Pure. */

export interface ScratchNames {
  /** The catalog in the engine's SQL. */
  catalog: string;
  /** The scratch namespace. */
  namespace: string;
  /** Begins the names of this script's tables, so that scripts run side by side: `create_spark_`. */
  prefix: string;
  /** `bucket/warehouse/lakecheck_scratch_ID/`: where locations that are given lie. */
  home: string;
}

/**
 * A statement with the names of the docs, `lakehouse.demo.TABLE`, `'demo.TABLE'` and `s3a://iceberg-test/TABLE`, replaced
 * by those of the run. Whatever else it names stays.
 */
export function inScratch(sql: string, { catalog, namespace, prefix, home }: ScratchNames): string {
  return sql
    .replaceAll(/\bdemo\.(?=[A-Za-z_])/g, () => `${namespace}.${prefix}`)
    .replaceAll(/\blakehouse\.demo\b(?!\.)/g, () => `lakehouse.${namespace}`)
    .replaceAll(/\blakehouse\b(?=\.)/g, () => catalog)
    .replaceAll("s3a://iceberg-test/", () => `s3a://${home}${prefix}`);
}
