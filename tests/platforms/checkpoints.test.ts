/** Where the checkpoints go on other people's platforms: to the catalog and to the store that are in use, whatever they are called. */
import assert from "node:assert/strict";
import { reported as nessieReport } from "../../lib/checkpoints/nessie/report.ts";
import { catalogOf, destinationOf } from "../../lib/checkpoints/nessie/setup/facts.ts";
import { credentialRefs, realBuckets, storeOf, warehouseOf } from "../../lib/checkpoints/s3/setup/facts.ts";
import { trusting } from "../../lib/checkpoints/ready_pod.ts";
import { reported as s3Report } from "../../lib/checkpoints/s3/report.ts";
import { doctor } from "../../lib/procedures/onepassword/status/mod.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import { homeOf } from "../../lib/engine/collect.ts";
import type { Component, Facts, World } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { refText } from "../../lib/engine/model.ts";
import { laidOut, LAYOUTS, MOVED } from "./layouts.ts";

const healthy = await loadFacts(new URL("../scenarios/healthy/facts.json.gz", import.meta.url).pathname);

/** As facts keep objects of every kind. */
interface Item {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // deno-lint-ignore no-explicit-any
  spec: any;
}

function items(facts: Facts, source: string): Item[] {
  const found = facts.sources[source];
  assert.ok(found?.ok && "items" in found, source);
  return found.items as Item[];
}

/** The healthy facts with this layout, and then changed; they were recorded before the scheme of a bucket was kept. */
function platform(layout: string, change: (facts: Facts) => void = () => {}): Facts {
  const facts = laidOut(healthy, LAYOUTS[layout] ?? MOVED[layout] ?? assert.fail(layout));
  const maps = JSON.stringify(facts.sources.configmaps).replaceAll('"iceberg-w', '"s3://iceberg-w');
  facts.sources.configmaps = JSON.parse(maps);
  change(facts);
  return facts;
}

/** What a checkpoint reads of these facts, and in the namespace that it finds by itself. */
function seenBy(components: readonly Component[], facts: Facts): World {
  const read = new Set(components.flatMap(({ sources }) => sources).map(({ id }) => id));
  const sources = Object.fromEntries(Object.entries(facts.sources).filter(([id]) => read.has(id)));
  const own = { ...facts, sources, namespace: "" };
  return openWorld({ ...own, namespace: homeOf(components, own) ?? "nowhere" }, components);
}

/** `SCHEME SERVICE.NAMESPACE:PORT to POD:PORT`, with what a pod's name ends with left out; or why not. */
function goesTo(world: World, which: "api" | "management", namespaced = false): string {
  const catalog = catalogOf(world, namespaced);
  return textOf("failure" in catalog ? catalog : destinationOf(world, catalog, which));
}

function textOf(to: ReturnType<typeof storeOf>): string {
  if ("failure" in to) return to.failure.message;
  const { scheme, service, namespace, port, pod } = to;
  if (!pod) return `${scheme} ${service}.${namespace}:${port} to no pod`;
  const workload = pod.name.replace(/-[0-9a-f]{6,10}-[a-z0-9]{5}$/, "");
  return `${scheme} ${service}.${namespace}:${port} to ${workload}:${pod.port}`;
}

/** Pods that a StatefulSet makes in the place of a Deployment. */
function asStatefulSet(facts: Facts): void {
  const all = items(facts, "deployments");
  const [found] = all.splice(all.findIndex(({ metadata }) => metadata.name === "nessie"), 1);
  assert.ok(found);
  items(facts, "statefulsets").push(found);
}

function tlsCatalog(facts: Facts): void {
  const found = items(facts, "services").find(({ metadata }) => metadata.name === "nessie");
  assert.ok(found);
  found.spec.ports[0] = { name: "nessie-https", port: 443, targetPort: 19120 };
}

const NESSIE: Record<string, [facts: Facts, api: string, management: string]> = {
  "as it was recorded": [
    platform("as it was recorded"),
    "http nessie.data-platform:19120 to nessie:19120",
    "http nessie.data-platform:9000 to nessie:9000",
  ],
  "other releases": [
    platform("other releases"),
    "http lake-catalog.data-platform:19120 to lake-catalog:19120",
    "http lake-catalog.data-platform:9000 to lake-catalog:9000",
  ],
  "another namespace": [
    platform("another namespace"),
    "http nessie.lakehouse:19120 to nessie:19120",
    "http nessie.lakehouse:9000 to nessie:9000",
  ],
  "the published chart": [
    platform("the published chart of Nessie"),
    "http nessie.data-platform:19120 to nessie:19120",
    "http nessie-mgmt.data-platform:9000 to nessie:9000",
  ],
  "no labels": [
    platform("labels of nobody"),
    "http nessie.data-platform:19120 to nessie:19120",
    "http nessie.data-platform:9000 to nessie:9000",
  ],
  "other ports": [
    platform("other ports"),
    "http nessie.data-platform:80 to nessie:19120",
    "http nessie.data-platform:9000 to nessie:9000",
  ],
  "a StatefulSet": [
    platform("as it was recorded", asStatefulSet),
    "http nessie.data-platform:19120 to nessie:19120",
    "http nessie.data-platform:9000 to nessie:9000",
  ],
  "TLS": [
    platform("as it was recorded", tlsCatalog),
    "https nessie.data-platform:443 to nessie:19120",
    "http nessie.data-platform:9000 to nessie:9000",
  ],
};

for (const [name, [facts, api, management]] of Object.entries(NESSIE)) {
  Deno.test(`${name}: the catalog's two ports are found without a word about where they are`, () => {
    const world = seenBy(nessieReport(), facts);
    assert.equal(goesTo(world, "api"), api);
    assert.equal(goesTo(world, "management"), management);
  });
}

/** A copy of everything that the catalog is, in this namespace or under this name. */
function secondCatalog(facts: Facts, name: string, namespace: string): void {
  for (const source of ["deployments", "services"]) {
    const found = items(facts, source).find(({ metadata }) => metadata.name === "nessie");
    assert.ok(found);
    const copy = structuredClone(found);
    Object.assign(copy.metadata, { name, namespace });
    items(facts, source).push(copy);
  }
}

Deno.test("of two catalogs none is taken: both are named, with the flag that tells them apart", () => {
  const apart = platform("as it was recorded", (facts) => secondCatalog(facts, "nessie", "archive"));
  const world = seenBy(nessieReport(), apart);
  assert.equal(
    goesTo(world, "api"),
    "there are 2 catalogs, Deployment data-platform/nessie and Deployment archive/nessie. " +
      "Next: give the address of the catalog with --url, or its namespace with --namespace",
  );
  assert.equal(goesTo(world, "api", true), "http nessie.data-platform:19120 to nessie:19120");
  const together = platform(
    "as it was recorded",
    (facts) => secondCatalog(facts, "archive", "data-platform"),
  );
  assert.equal(
    goesTo(seenBy(nessieReport(), together), "api", true),
    "there are 2 catalogs, Deployment data-platform/nessie and Deployment data-platform/archive. " +
      "Next: give the address of the catalog with --url",
  );
});

Deno.test("a platform whose catalog is not Nessie says which it is, and one without any what was looked for", () => {
  assert.match(
    goesTo(seenBy(nessieReport(), platform("another catalog")), "api"),
    /^the catalog here is Apache Polaris, Deployment data-platform\/polaris, and not Nessie\. Next: /,
  );
  const none = platform("without GitOps", (facts) => {
    for (const source of ["deployments", "services"]) {
      const all = items(facts, source);
      all.splice(0, all.length, ...all.filter(({ metadata }) => metadata.name !== "nessie"));
    }
  });
  assert.match(
    goesTo(seenBy(nessieReport(), none), "api"),
    /^no Deployment or StatefulSet here is recognised as Nessie by its labels, its chart, its image or its name\./,
  );
});

Deno.test("a catalog that should be there and is not is said, and so is a port that its Service lacks", () => {
  const gone = platform("as it was recorded", (facts) => {
    const all = items(facts, "services");
    all.splice(0, all.length, ...all.filter(({ metadata }) => metadata.name !== "nessie"));
  });
  assert.match(
    goesTo(seenBy(nessieReport(), gone), "api"),
    /^Service data-platform\/nessie, which should lead to Deployment data-platform\/nessie, does not exist\./,
  );
  const closed = platform("as it was recorded", (facts) => {
    const found = items(facts, "services").find(({ metadata }) => metadata.name === "nessie");
    assert.ok(found);
    found.spec.ports = [{ name: "web", port: 80, targetPort: 8080 }];
  });
  const world = seenBy(nessieReport(), closed);
  assert.match(
    goesTo(world, "api"),
    /^Service data-platform\/nessie has no port that leads to Nessie's API\./,
  );
  assert.equal(
    goesTo(world, "management"),
    "no Service of Deployment data-platform/nessie has its management port",
  );
});

const stores: Record<string, string> = {
  "as it was recorded": "http rook-ceph-rgw-storage.rook-ceph:80",
  "other releases": "http rook-ceph-rgw-storage.rook-ceph:80",
  "another namespace": "http rook-ceph-rgw-storage.rook-ceph:80",
  "a gateway with TLS only": "https rook-ceph-rgw-storage.rook-ceph:8443",
  "a second object store": "http rook-ceph-rgw-storage.rook-ceph:80",
};

for (const [name, store] of Object.entries(stores)) {
  Deno.test(`${name}: the S3 checkpoint goes to the store that is in use, with its buckets and keys`, () => {
    const world = seenBy(s3Report(), platform(name));
    const to = storeOf(world, false);
    assert.ok(textOf(to).startsWith(`${store} to `), textOf(to));
    assert.equal(warehouseOf(world), "iceberg-warehouse");
    const gateway = { kind: "Service", namespace: "rook-ceph", name: "rook-ceph-rgw-storage" };
    assert.deepEqual(realBuckets(world, gateway).map(({ name, claim }) => [name, claim?.namespace]), [
      ["iceberg-warehouse", world.namespace],
      ["spark-events", world.namespace],
    ]);
    const refs = credentialRefs(world, gateway).map(({ secret, kind, used }) =>
      `${refText(secret)} ${kind}${used ? ", used" : ""}`
    );
    assert.deepEqual(refs.filter((ref) => ref.endsWith("source")), [
      "Secret rook-ceph/rook-ceph-object-user-storage-iceberg source",
    ]);
    assert.ok(refs[0]?.startsWith(`Secret ${world.namespace}/`) && refs[0].endsWith("used"), refs.join());
  });
}

Deno.test("buckets that are claimed in the other store are not asked for in this one", () => {
  const facts = platform("a second object store", (facts) => {
    const other = structuredClone(
      items(facts, "storageclasses").find(({ metadata }) => metadata.name === "ceph-bucket"),
    );
    const claim = structuredClone(items(facts, "objectbucketclaims")[0]);
    assert.ok(other && claim);
    other.metadata.name = "archive-bucket";
    Object.assign((other as unknown as { parameters: object }).parameters, { objectStoreName: "archive" });
    items(facts, "storageclasses").push(other);
    claim.metadata.name = "old";
    Object.assign(claim.spec, { storageClassName: "archive-bucket", bucketName: "old" });
    items(facts, "objectbucketclaims").push(claim);
  });
  const world = seenBy(s3Report(), facts);
  const at = (store: string) => ({ kind: "Service", namespace: "rook-ceph", name: `rook-ceph-rgw-${store}` });
  assert.deepEqual(realBuckets(world, at("storage")).map(({ name }) => name), [
    "iceberg-warehouse",
    "spark-events",
  ]);
  assert.deepEqual(realBuckets(world, at("archive")).map(({ name }) => name), ["old"]);
});

function withoutClaims(facts: Facts): void {
  items(facts, "objectbucketclaims").splice(0);
}

function withoutHosts(facts: Facts): void {
  facts.sources.configmaps = { ok: true, items: [] };
  for (const { spec } of items(facts, "deployments")) {
    for (const container of spec.template.spec.containers) delete container.env;
  }
}

Deno.test("of two stores it is the one that the catalog's configuration names, or the claims; else none is taken", () => {
  const storeIn = (...changes: ((facts: Facts) => void)[]) => {
    const facts = platform("a second object store", (facts) => changes.forEach((change) => change(facts)));
    return textOf(storeOf(seenBy(s3Report(), facts), false));
  };
  assert.match(storeIn(withoutClaims), /^http rook-ceph-rgw-storage\.rook-ceph:80 to /);
  assert.match(storeIn(withoutHosts), /^http rook-ceph-rgw-storage\.rook-ceph:80 to /);
  assert.equal(
    storeIn(withoutClaims, withoutHosts),
    "there are 2 object stores that may be meant: CephObjectStore rook-ceph/archive and " +
      "CephObjectStore rook-ceph/storage. Next: give the address of the object store with --endpoint, or name the " +
      "one that is meant with --store",
  );
});

Deno.test("the CA that was given is for TLS: with a port that has none it is an error", () => {
  const to = { namespace: "lake", service: "catalog", scheme: "https" as const, port: 443 };
  assert.deepEqual(trusting(to, "PEM"), { ca: "PEM" });
  assert.deepEqual(trusting({ ...to, scheme: "http" }, undefined), {});
  assert.throws(() => trusting({ ...to, scheme: "http", port: 80 }, "PEM"), {
    name: "UsageError",
    message: "--ca is for TLS, and port 80 of Service lake/catalog speaks plain HTTP. Leave --ca out.",
  });
});

Deno.test("a gateway outside of the cluster is a Service without pods, and one with none ready has nobody behind it", () => {
  const outside = platform("as it was recorded", (facts) => {
    const found = items(facts, "services").find(({ metadata }) => metadata.name === "rook-ceph-rgw-storage");
    assert.ok(found);
    delete found.spec.selector;
    for (const slice of items(facts, "endpointslices")) {
      if (!slice.metadata.name.startsWith("rook-ceph-rgw-storage")) continue;
      (slice as unknown as { endpoints: object[] }).endpoints = [{
        addresses: ["192.0.2.7"],
        conditions: { ready: true },
      }];
    }
  });
  assert.equal(
    textOf(storeOf(seenBy(s3Report(), outside), false)),
    "http rook-ceph-rgw-storage.rook-ceph:80 to no pod",
  );
  outside.sources.endpointslices = { ok: true, items: [] };
  assert.match(textOf(storeOf(seenBy(s3Report(), outside), false)), /^no pod behind .* is Ready$/);
});

Deno.test("an object store elsewhere is asked for by its address", () => {
  const world = seenBy(s3Report(), platform("an object store elsewhere"));
  assert.match(textOf(storeOf(world, false)), /--endpoint$/);
  assert.equal(warehouseOf(world), "iceberg-warehouse");
});

Deno.test("every command finds the namespace of the platform by itself", () => {
  const facts = platform("another namespace");
  for (const components of [nessieReport(), s3Report(), doctor]) {
    assert.equal(seenBy(components, facts).namespace, "lakehouse");
  }
});
