import assert from "node:assert/strict";
import fc from "fast-check";
import { hostsIn } from "../../../lib/components/common/fields.ts";
import { withoutCredentials } from "../../../lib/redact/mod.ts";
import { registryOf } from "../../../lib/components/workloads/images.ts";
import { serviceOfHost } from "../../../lib/components/kubernetes/service_names.ts";
import { openWorld } from "../../../lib/engine/world.ts";

const world = openWorld({
  schema: "lakecheck.facts/v1",
  collectedAt: "2026-01-01T12:00:00Z",
  context: "test",
  namespace: "data-platform",
  sources: {
    services: {
      ok: true,
      items: [
        { metadata: { name: "nessie", namespace: "data-platform" }, spec: { clusterIPs: ["None"] } },
        {
          metadata: { name: "rgw", namespace: "rook-ceph" },
          spec: { clusterIPs: ["10.96.4.7", "fd00:10:96::47"] },
        },
      ],
    },
    namespaces: { ok: true, items: [{ metadata: { name: "rook-ceph" } }] },
  },
});
const named = (host: string) => {
  const ref = serviceOfHost(host, "data-platform", world);
  return ref && `${ref.namespace}/${ref.name}`;
};

Deno.test("service names: every way to write a Service's name leads to it", () => {
  assert.equal(named("nessie"), "data-platform/nessie");
  assert.equal(named("nessie:19120"), "data-platform/nessie");
  assert.equal(named("rgw.rook-ceph:80"), "rook-ceph/rgw");
  assert.equal(named("rgw.rook-ceph.svc"), "rook-ceph/rgw");
  assert.equal(named("rgw.rook-ceph.svc.cluster.local:80"), "rook-ceph/rgw");
  assert.equal(named("db-0.db.data-platform.svc.cluster.local"), "data-platform/db");
});

Deno.test("service names: an address in the cluster leads to the Service that has it", () => {
  assert.equal(named("10.96.4.7"), "rook-ceph/rgw");
  assert.equal(named("10.96.4.7:8080"), "rook-ceph/rgw");
  assert.equal(named("[fd00:10:96::47]:8080"), "rook-ceph/rgw");
  assert.equal(named("[fd00:10:96:0:0:0:0:0047]:8080"), "rook-ceph/rgw");
  for (const other of ["10.96.4.8:8080", "[fd00:10:96::48]:8080", "None", "fd00", "[::1]:80"]) {
    assert.equal(named(other), undefined, other);
  }
});

Deno.test("service names: hosts outside the cluster and addresses are no Services", () => {
  for (
    const host of ["example.com", "s3.eu-west-1.amazonaws.com", "localhost", "10.0.0.1", "unknown", "", "a.b"]
  ) {
    assert.equal(named(host), undefined, host);
  }
});

Deno.test("service names: any text gives a Service with a name, or nothing", () => {
  fc.assert(fc.property(fc.string(), (host) => serviceOfHost(host, "data-platform", world)?.name !== ""));
});

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
const word = fc.stringMatching(/^[A-Za-z0-9_!$%^&*.-]{6,20}$/);

Deno.test("hosts: a host in a URL is found with its port, and its user and password never are", () => {
  const scheme = fc.constantFrom("http", "https", "jdbc:postgresql", "thrift");
  fc.assert(
    fc.property(
      scheme,
      word,
      word,
      name,
      fc.integer({ min: 1, max: 65535 }),
      (kind, user, pass, host, port) => {
        assert.deepEqual(hostsIn(`${kind}://u:${pass}@${user}@${host}:${port}/path`), [`${host}:${port}`]);
        assert.deepEqual(hostsIn(`url=${kind}://${host}:${port}`), [`${host}:${port}`]);
      },
    ),
  );
});

Deno.test("hosts: a password that is not a URL is no host", () => {
  fc.assert(
    fc.property(
      word,
      (secret) => hostsIn(secret).length === 0 && hostsIn(`password: ${secret}`).length === 0,
    ),
  );
});

Deno.test("hosts: names of Services in texts are found, also behind a pod's name", () => {
  assert.deepEqual(hostsIn("db=rgw.rook-ceph.svc:80; x"), ["rgw.rook-ceph.svc:80"]);
  assert.deepEqual(hostsIn("db-0.db.data-platform.svc.cluster.local"), [
    "db-0.db.data-platform.svc.cluster.local",
  ]);
  assert.deepEqual(hostsIn("http://${HOST}:80 and http://$HOST"), []);
});

Deno.test("hosts: any text at all is read without failing, and a host has no blank, @ or slash", () => {
  fc.assert(fc.property(fc.string(), (text) => hostsIn(text).every((host) => !/[\s@/"']/.test(host))));
});

Deno.test("texts: a password in a URL or after its word is taken out, whatever it is", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9_!$%^&*@/-]{8,24}$/).map((text) => `Zq${text}qZ`);
  fc.assert(
    fc.property(secret, fc.constantFrom("password", "secret_key", "access-key", "token"), (hidden, key) => {
      const text =
        `cannot connect to postgres://nessie:${hidden}@database:5432/x, ${key}=${hidden} was refused`;
      assert.ok(!withoutCredentials(text).includes(hidden), withoutCredentials(text));
      assert.match(withoutCredentials(text), /was refused/);
    }),
  );
});

Deno.test("texts: what is no credential stays as it is", () => {
  for (
    const text of [
      "token is expired",
      "dial tcp 10.0.0.1:5432: i/o timeout",
      "GET http://nessie:19120/api/v2/config: EOF",
    ]
  ) {
    assert.equal(withoutCredentials(text), text);
  }
});

Deno.test("images: the registry is the first part when that is a host", () => {
  assert.equal(registryOf("ghcr.io/projectnessie/nessie:0.104"), "ghcr.io");
  assert.equal(registryOf("localhost:5000/a"), "localhost:5000");
  assert.equal(registryOf("bitnami/spark"), "docker.io");
  assert.equal(registryOf("busybox"), "docker.io");
});
