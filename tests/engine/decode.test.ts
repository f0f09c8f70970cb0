import assert from "node:assert/strict";
import fc from "fast-check";
import { hostsIn } from "../../lib/components/common/fields.ts";
import { withoutCredentials } from "../../lib/redact/mod.ts";
import { bool, list, map, num, obj, part, ShapeError, str } from "../../lib/engine/decode.ts";

const reader = obj({
  name: str,
  count: num,
  on: bool,
  tags: list(str),
  labels: map(str),
  inner: obj({ name: str }),
});

Deno.test("only named fields are kept", () => {
  assert.deepEqual(reader({ name: "a", password: "hunter2", inner: { name: "b", token: "x" } }), {
    name: "a",
    inner: { name: "b" },
  });
});

Deno.test("a field of another type says its path and both types", () => {
  assert.throws(
    () => part(reader, { inner: { name: 5 } }, "Thing"),
    new ShapeError("Thing.inner.name", "is a number, expected string"),
  );
  assert.throws(
    () => part(reader, { tags: {} }, "Thing"),
    new ShapeError("Thing.tags", "is an object, expected a list"),
  );
});

Deno.test("property: any JSON value is decoded or refused with ShapeError, and never anything else", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    try {
      const kept = reader(value);
      assert.ok(
        kept === undefined ||
          Object.keys(kept).every((key) => ["name", "count", "on", "tags", "labels", "inner"].includes(key)),
      );
    } catch (error) {
      assert.ok(error instanceof ShapeError);
    }
  }));
});

Deno.test("property: decoding what was decoded changes nothing", () => {
  const value = fc.record({
    name: fc.string(),
    count: fc.integer(),
    tags: fc.array(fc.string()),
    extra: fc.string(),
  });
  fc.assert(fc.property(value, (raw) => assert.deepEqual(reader(reader(raw)), reader(raw))));
});

Deno.test("hosts are found in URLs and Service names, without credentials", () => {
  assert.deepEqual(hostsIn("jdbc:postgresql://user:pw@nessie-postgres-rw.data-platform.svc:5432/nessie"), [
    "nessie-postgres-rw.data-platform.svc:5432",
  ]);
  assert.deepEqual(hostsIn("a=http://rgw.rook-ceph.svc.cluster.local\nb=s3a://spark-events/"), [
    "rgw.rook-ceph.svc.cluster.local",
    "s3://spark-events",
  ]);
  assert.deepEqual(hostsIn("hunter2"), []);
  assert.deepEqual(hostsIn("kube-dns.kube-system.svc.cluster.local:53"), [
    "kube-dns.kube-system.svc.cluster.local:53",
  ]);
});

Deno.test("property: what stands before the @ of a URL is never kept as a host", () => {
  const word = fc.stringMatching(/^[a-z0-9]{6,12}$/);
  fc.assert(fc.property(word, word, (user, password) => {
    const hosts = hostsIn(`https://${user}:${password}@db.example.org/x`);
    assert.deepEqual(hosts, ["db.example.org"]);
  }));
});

Deno.test("texts lose what looks like credentials and keep plain words", () => {
  assert.equal(withoutCredentials("GET http://u:p@host/x failed"), "GET http://***@host/x failed");
  assert.equal(withoutCredentials("password=hunter2 refused"), "password=*** refused");
  assert.equal(withoutCredentials("token is expired"), "token is expired");
});
