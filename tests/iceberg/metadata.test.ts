import assert from "node:assert/strict";
import fc from "fast-check";
import { parseExact } from "../../lib/iceberg/exact_json.ts";
import { isMetadataFile, placeOf, prefixOf, usualLocation } from "../../lib/iceberg/location.ts";
import { MetadataError, readTableMetadata, readViewMetadata } from "../../lib/iceberg/metadata.ts";

Deno.test("integers of 64 bits come as their digits, and all else as JSON.parse gives it", () => {
  const value = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
  fc.assert(fc.property(value, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (json, big) => {
    const text = `{"a":${
      JSON.stringify(json)
    }, "id" : ${big} ,"ids":[${big}],"1234567890123456789":"1234567890123456789"}`;
    const exact = Number.isSafeInteger(Number(big)) ? Number(big) : String(big);
    assert.deepEqual(parseExact(text), {
      a: parseExact(JSON.stringify(json)),
      id: exact,
      ids: [exact],
      "1234567890123456789": "1234567890123456789",
    });
  }));
});

Deno.test("text that looks like numbers in strings stays as it is", () => {
  const value = {
    "a\\": '": 1234567890123456789, "',
    "b": "\\\\1234567890123456789",
    c: 1.5e300,
    d: 0.12345678901234567,
  };
  assert.deepEqual(parseExact(JSON.stringify(value)), value);
});

const MINIMAL = { "format-version": 2, location: "s3://lake/db/t" };

Deno.test("the smallest metadata is a table without snapshots", () => {
  const read = readTableMetadata(JSON.stringify(MINIMAL));
  assert.equal(read.location, "s3://lake/db/t");
  assert.equal(read.currentSnapshotId, undefined);
  assert.deepEqual(read.snapshots, []);
});

Deno.test("version 1 names no snapshot with -1, and may list manifests itself", () => {
  const text = `{"format-version":1,"location":"s3://lake/t","current-snapshot-id":-1,
    "snapshots":[{"snapshot-id":3051729675574597004,"manifests":["s3://lake/t/metadata/m.avro"]}]}`;
  const read = readTableMetadata(text);
  assert.equal(read.currentSnapshotId, undefined);
  assert.deepEqual(read.snapshots, [{
    id: "3051729675574597004",
    manifests: ["s3://lake/t/metadata/m.avro"],
  }]);
});

for (
  const [what, text, words] of [
    ["half a file", '{"format-version":2,"location":"s3:', /not JSON, or not all of it/],
    ["nothing", "", /not JSON/],
    ["null", "null", /null/],
    ["a list", "[]", /a list/],
    ["other JSON", '{"hello":1}', /no format-version or no location/],
    ["a version to come", '{"format-version":4,"location":"x"}', /format-version 4/],
    [
      "a wrong type",
      '{"format-version":2,"location":"x","snapshots":[{"snapshot-id":true}]}',
      /snapshots\[0\]\.snapshot-id/,
    ],
    ["a snapshot without id", '{"format-version":2,"location":"x","snapshots":[{}]}', /no snapshot-id/],
  ] as const
) {
  Deno.test(`metadata of ${what} is refused by name`, () => {
    assert.throws(
      () => readTableMetadata(text),
      (error) => error instanceof MetadataError && words.test(error.message),
    );
  });
}

Deno.test("a view's metadata says where it lies", () => {
  assert.deepEqual(readViewMetadata('{"location":"s3://lake/v","versions":[]}'), { location: "s3://lake/v" });
  assert.throws(() => readViewMetadata("{}"), MetadataError);
});

Deno.test("locations become buckets and keys, and what is in no S3 store becomes neither", () => {
  assert.deepEqual(placeOf("s3a://lake/db/t/"), { bucket: "lake", key: "db/t/" });
  assert.deepEqual(placeOf("s3://lake"), { bucket: "lake", key: "" });
  assert.deepEqual(placeOf("s3://lake/a b%20ü/#?"), { bucket: "lake", key: "a b%20ü/#?" });
  assert.equal(placeOf("gs://lake/t"), undefined);
  assert.equal(placeOf("/tmp/t"), undefined);
  assert.equal(prefixOf({ bucket: "lake", key: "db/orders" }), "db/orders/");
  assert.equal(usualLocation("s3://lake/db/t/metadata/00001-x.metadata.json"), "s3://lake/db/t");
  assert.ok(
    isMetadataFile("t/metadata/1.gz.metadata.json") && isMetadataFile("t/metadata/1.metadata.json.gz"),
  );
  assert.ok(!isMetadataFile("t/metadata/snap-1.avro"));
});
