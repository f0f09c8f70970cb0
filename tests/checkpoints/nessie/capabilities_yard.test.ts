import assert from "node:assert/strict";
import { inScratch } from "../../../lib/checkpoint.ts";
import { openYard, scratchPlace, sweepObjects } from "../../../lib/checkpoints/nessie/capabilities_yard.ts";
import { fakeIceberg, reply } from "./fake_iceberg.ts";

const ROOT = "lakecheck_scratch_20261121t1257z_38a7";

Deno.test("what is removed lies below the scratch namespace, and nowhere else", () => {
  assert.deepEqual(scratchPlace(`s3://wh/${ROOT}/t_1/metadata`, ROOT), { bucket: "wh", prefix: `${ROOT}/` });
  assert.deepEqual(scratchPlace(`s3a://wh/deep/er/${ROOT}/inner/t`, ROOT), {
    bucket: "wh",
    prefix: `deep/er/${ROOT}/`,
  });
  for (
    const foreign of [
      "s3://wh/bronze/t_1",
      "s3://wh/",
      "s3://wh",
      `s3://wh/${ROOT}_else/t`,
      `s3://wh/x${ROOT}/t`,
      `gs://wh/${ROOT}/t`,
      `s3://${ROOT}/bronze/t`,
      "",
    ]
  ) assert.equal(scratchPlace(foreign, ROOT), undefined, foreign);
});

Deno.test("a name that is not a whole scratch namespace opens no place", () => {
  for (
    const name of ["", "bronze", "lakecheck_scratch_", "lakecheck_scratch_1", "lakecheck_scratch_../bronze/x"]
  ) {
    assert.equal(scratchPlace(`s3://wh/${name}/t`, name), undefined, name);
  }
});

Deno.test("a table that the catalog put elsewhere is not cleaned up after", async () => {
  const fake = fakeIceberg();
  fake.files.add("wh/bronze/orders/metadata/1.json");
  const { leftovers } = await inScratch(async (scratch) => {
    const rest = {
      at: (path: string) => path,
      send: () => Promise.resolve(reply(200, { metadata: { location: "s3://wh/bronze/orders" } })),
    };
    const yard = openYard({ scratch, rest, branch: "b", objects: fake.objects });
    await yard.send("GET", "/x");
    assert.deepEqual([...yard.locations], ["s3://wh/bronze/orders"]);
  }, { undoTimeoutMs: 1000 });
  assert.deepEqual(leftovers, []);
  assert.deepEqual([...fake.files], ["wh/bronze/orders/metadata/1.json"]);
});

Deno.test("leftovers of runs that were killed are swept after an hour, and nothing else is", async () => {
  const fake = fakeIceberg();
  const kept = [
    "wh/base/lakecheck_scratch_20261121t1230z_aaaa/t/1.json",
    "wh/base/lakecheck_scratch_notatime/t/1.json",
    "wh/base/bronze/orders/1.json",
    "wh/lakecheck_scratch_20261120t1000z_bbbb/t/1.json",
  ];
  const old = ["wh/base/lakecheck_scratch_20261121t1100z_38a7/t/1.json"];
  for (const file of [...kept, ...old]) fake.files.add(file);
  const swept = await sweepObjects("wh", "base/", fake.objects, new Date("2026-11-21T13:00:00Z"));
  assert.deepEqual(swept, ["lakecheck_scratch_20261121t1100z_38a7"]);
  assert.deepEqual([...fake.files].toSorted(), kept.toSorted());
});
