/** What the generated test of the object store asserts. Pure. */
import type { Metadata } from "../components/common/mod.ts";
import { cephObjectStores, cephObjectStoreUsers, objectBucketClaims } from "../components/rook_ceph/mod.ts";
import { platformNamespaces } from "../components/kubernetes/mod.ts";
import { refText, type World } from "../engine/model.ts";
import { FEATURES } from "../checkpoints/s3/compatibility/features.ts";
import { s3Dialect, s3Setup, s3Trials } from "../checkpoints/s3/records.ts";
import type { AssertedFact, Json, Subject } from "./asserted.ts";
import { passedTrials, withinBudget } from "./asserted_trials.ts";

export const s3Subject: Subject = {
  command: "data-platform:test:s3",
  noun: "the object store",
  doing: "The store is tried in a scratch bucket, which is removed again.",
  look: "lookAtS3",
  variable: "S3_ENDPOINT",
};

/** Of one operation, in milliseconds. */
const BUDGET_MS = 5000;

/** Facts of a run of the checkpoint. */
export function assertedS3(world: World): AssertedFact[] {
  return [
    ...setupFacts(world),
    ...platformFacts(world),
    ...passedTrials(world.records(s3Trials), {
      id: "s3.trials",
      title: "all of this still works on the object store",
    }),
    ...dialectFacts(world),
    ...withinBudget(world, "s3.performance", BUDGET_MS),
  ];
}

function setupFacts(world: World): AssertedFact[] {
  const [setup] = world.records(s3Setup);
  if (!setup) return [];
  const { endpoint, region, gateway, credential, buckets, warehouse } = setup;
  return [
    { id: "s3.endpoint", title: "clients reach the object store at this endpoint", value: endpoint },
    { id: "s3.region", title: "requests are signed for this region", value: region },
    ...gateway
      ? [{ id: "s3.gateway", title: "this is the gateway of the object store", value: refText(gateway) }]
      : [],
    ...credential
      ? [{
        id: "s3.credentials",
        title: "the keys that open the object store stand in this Secret, under these names",
        value: {
          secret: refText(credential.secret),
          accessKeyId: credential.idKey,
          secretAccessKey: credential.secretKey,
        },
      }]
      : [],
    { id: "s3.buckets", title: "the platform lives on these buckets", value: buckets.toSorted() },
    ...warehouse ? [{ id: "s3.warehouse", title: "this bucket is the warehouse", value: warehouse }] : [],
  ];
}

/** What Rook says; nothing of it when an endpoint outside of the cluster is tried. */
function platformFacts(world: World): AssertedFact[] {
  const stores = phases(world.list(cephObjectStores));
  const users = phases(world.list(cephObjectStoreUsers));
  const claims = byName(
    world.list(objectBucketClaims).filter((claim) =>
      platformNamespaces(world).has(claim.metadata?.namespace ?? "")
    ),
    ({ spec, status }): Json => ({
      bucket: spec?.bucketName ?? "",
      storageClass: spec?.storageClassName ?? "",
      phase: status?.phase ?? "",
    }),
  );
  const facts: AssertedFact[] = [
    { id: "s3.stores", title: "there are these object stores, in these phases", value: stores },
    { id: "s3.users", title: "there are these users of the object store, in these phases", value: users },
    { id: "s3.claims", title: "the platform claims these buckets", value: claims },
  ];
  return facts.filter(({ value }) => Object.keys(value as object).length > 0);
}

interface Named {
  metadata?: Metadata;
}

function phases(objects: readonly (Named & { status?: { phase?: string } })[]): Json {
  return byName(objects, ({ status }) => status?.phase ?? "");
}

/** Sorted, so that two looks give the same text. */
function byName<T extends Named>(objects: readonly T[], value: (object: T) => Json): Record<string, Json> {
  const pairs = objects.map((object): [string, Json] => {
    const { namespace = "", name = "" } = object.metadata ?? {};
    return [`${namespace}/${name}`, value(object)];
  });
  return Object.fromEntries(pairs.toSorted(([a], [b]) => a < b ? -1 : 1));
}

/** One each, so that what a new version of the store does otherwise is named. What could not be tried is left out. */
function dialectFacts(world: World): AssertedFact[] {
  return world.records(s3Dialect).filter(({ behaviour }) => behaviour !== "unknown").map((
    { id, behaviour },
  ) => ({
    id: `s3.dialect.${id}`,
    title: `the store's dialect: ${FEATURES.find((feature) => feature.id === id)?.title ?? id} (${id})`,
    value: behaviour,
  }));
}
