/**
 * What to do about what a trial found. Records name a step and its values; the command is made when they are read, so
 * that a facts file from somebody else brings names and no commands. Pure.
 */
import type { ShellCommand } from "../engine/model.ts";
import { command } from "../untrusted/shell.ts";
import type { NextStep } from "./trial.ts";

const STEPS = {
  "health": () => command`deno task data-platform:health`,
  "give-credentials": () => command`deno task data-platform:test:s3 --credentials NAMESPACE/SECRET`,
  "list-external-secrets": (namespace: string) => command`kubectl -n ${namespace} get externalsecrets`,
  "describe-secret": (namespace: string, name: string) =>
    command`kubectl -n ${namespace} describe secret ${name}`,
  "list-store-users": () => command`kubectl get cephobjectstoreusers -A`,
  "list-bucket-claims": () => command`kubectl get objectbucketclaims -A`,
  "list-certificates": () => command`kubectl get certificates,secrets -A`,
  "save-lifecycle": (bucket: string) =>
    command`aws s3api get-bucket-lifecycle-configuration --bucket ${bucket} > lifecycle-${bucket}.json`,
  "delete-lifecycle": (bucket: string) => command`aws s3api delete-bucket-lifecycle --bucket ${bucket}`,
  "see-lifecycle-runs": () =>
    command`look when the store carries lifecycle rules out (Ceph: radosgw-admin lc list, and lc process)`,
  "remove-objects": (endpoint: string, bucket: string, prefix: string) =>
    command`aws --endpoint-url ${endpoint} s3 rm --recursive s3://${bucket}/${prefix}`,
  "list-objects": (endpoint: string, bucket: string, prefix: string) =>
    command`aws --endpoint-url ${endpoint} s3 ls --recursive s3://${bucket}/${prefix}`,
  "remove-bucket": (endpoint: string, bucket: string) =>
    command`aws --endpoint-url ${endpoint} s3 rb --force s3://${bucket}`,
  "no-empty-parts": () =>
    command`give tables and warehouses locations without a backslash, and without a slash at their end`,
  "name-store": (store: string) =>
    command`if the address leads to it: deno task data-platform:test:s3 --store ${store}`,
  "name-owner": () => command`let every bucket policy allow s3:* to the user that owns the bucket`,
  "other-user": () => command`deno task data-platform:test:s3 --credentials NAMESPACE/SECRET`,
  "look-for-rules": () => command`look whether bucket policies and lifecycle rules know of these places`,
  "validate-nessie": () => command`deno task validate:nessie`,
  "restart-nessie": () => command`deno task validate:nessie --restart`,
  "images-of-nessie": (namespace: string) =>
    command`kubectl -n ${namespace} get pods -l app.kubernetes.io/name=nessie -o jsonpath='{..imageID}'`,
  "upgrade-nessie": () => command`upgrade Nessie to 0.101.1 or newer`,
  "one-first-writer": () => command`until then: let one writer make the first append of a table`,
  "hash-of-reference": (root: string, name: string) =>
    command`curl ${root}/api/v2/trees/${name}   # tells its HASH`,
  "delete-reference": (root: string, name: string) =>
    command`curl -X DELETE ${root}/api/v2/trees/${name}@HASH`,
  "see-orphans": () =>
    command`see which tables they lie in: the table nessie.integrity-orphans of --verbose or --json`,
  "let-gc-find": () =>
    command`let nessie-gc find what the catalog's history no longer needs; delete nothing by hand`,
  "list-object": (bucket: string, key: string) => command`aws s3 ls s3://${bucket}/${key}`,
  "put-object-back": () =>
    command`look for an earlier version of the object, in a versioned bucket or a backup, and put it back`,
  "set-version-store": () => command`set versionStoreType: JDBC2 in the values of the Nessie chart`,
  "migrate-version-store": () =>
    command`set versionStoreType: JDBC2 in the values of the Nessie chart, and migrate with nessie-server-admin-tool`,
  "compare-databases": () =>
    command`compare the JDBC address of the catalog with the database that was looked at`,
  "change-connections": () =>
    command`lower quarkus.datasource.postgresql.jdbc.max-size, or raise max_connections of the Cluster`,
  "set-pool-size": (size: string) => command`set quarkus.datasource.postgresql.jdbc.max-size to ${size}`,
  "status-of-postgres": (namespace: string, name: string) =>
    command`kubectl cnpg -n ${namespace} status ${name}`,
  "list-postgres-pods": () => command`kubectl get pods -l cnpg.io/podRole=instance`,
  "engine-out-of-memory": () =>
    command`raise spark.driver.memory and the memory limit of the pod together, or the memory limit of the engine`,
  "engine-runtime-download-blocked": () =>
    command`put the jars or the extension into the image instead of --packages and spark.jars.packages, or let the pod reach the repository`,
  "engine-classpath-skew": () =>
    command`use one Iceberg runtime, built for this Spark and Scala, with iceberg-aws-bundle of the same release and the Java that they ask for`,
  "engine-quota-exceeded": () =>
    command`raise the quota of the bucket or of its owner, or delete what is no longer needed`,
  "engine-disk-full": () => command`make room on the disk of the pod (spark.local.dir, /tmp) or of the store`,
  "engine-wrong-region": () =>
    command`set s3.endpoint and client.region (for s3a: fs.s3a.endpoint, fs.s3a.endpoint.region) to those of the bucket`,
  "engine-no-such-bucket": () => command`correct the location of the warehouse, or create the bucket`,
  "engine-store-keys-missing": () =>
    command`give the pod AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from its Secret, or set the credentials provider`,
  "engine-store-forbidden": () =>
    command`compare the keys in the Secret of the pod with those of the user of the store, and look at the policy of the bucket`,
  "engine-catalog-unauthorized": () =>
    command`correct the token or credential in the settings of the catalog, and see whether it has expired`,
  "engine-reference-conflict": () =>
    command`run it again; where the same tables conflict again, merge them by hand`,
  "engine-reference-missing": () =>
    command`list the references of the catalog, and correct ref or the last part of the REST address`,
  "engine-no-such-warehouse": () =>
    command`set warehouse to a name that the configuration of the catalog has`,
  "engine-no-catalog-there": () =>
    command`correct uri: that of the REST catalog of Nessie ends with /iceberg/, that of its own API with /api/v2`,
  "engine-not-found": () =>
    command`look whether another writer dropped or renamed it, and at which reference it was looked for`,
  "engine-already-exists": () => command`look who made it, or choose another name`,
  "engine-file-missing": () => command`look for an earlier version of the object, or for a backup of it`,
  "engine-gc-disabled": () =>
    command`let the garbage collector of the catalog delete files: it knows every branch and tag`,
  "engine-commit-state-unknown": () => command`read the table before the statement is run again`,
  "engine-commit-conflict": () => command`run it again, and raise commit.retry.num-retries where many write`,
  "engine-catalog-forbidden": () => command`grant the user of the catalog what the statement needs`,
  "engine-store-unreachable": () =>
    command`compare the endpoint with the Service of the gateway of the store, and look at its pods and NetworkPolicies`,
  "engine-catalog-unreachable": () =>
    command`compare uri with the Service of the catalog, and look at its pods and NetworkPolicies`,
  "engine-catalog-failed": () => command`look at the log of the catalog, and at its database`,
  "engine-no-references": () =>
    command`configure an Iceberg catalog of type rest at /iceberg/ of Nessie, or of type nessie`,
  "engine-syntax-error": () =>
    command`compare the statement with the release of the engine; CALL and branches need the extensions of Iceberg and Nessie in spark.sql.extensions`,
};

type Steps = typeof STEPS;

const MAKERS: ReadonlyMap<string, (...values: string[]) => ShellCommand> = new Map(Object.entries(STEPS));

/** A next step for a record. */
export function nextStep<N extends keyof Steps>(step: N, ...values: Parameters<Steps[N]>): NextStep {
  return { step, values };
}

/** The command of a step, as it stands in a record; undefined when this release knows no such step. */
export function commandOf({ step, values }: NextStep): ShellCommand | undefined {
  return MAKERS.get(step)?.(...values);
}
