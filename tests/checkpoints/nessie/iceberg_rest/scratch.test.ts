import assert from "node:assert/strict";
import { inScratch } from "../../../../lib/checkpoint/scratch.ts";
import {
  openScratchRest,
  scratchPlace,
  sweepObjects,
} from "../../../../lib/checkpoints/nessie/iceberg_rest/scratch.ts";
import { sweepWarehouse } from "../../../../lib/checkpoints/nessie/iceberg_rest/run.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import { markerText } from "../../../../lib/checkpoint/scratch_marker.ts";
import { fakeIceberg } from "../fake_iceberg.ts";
import { reply } from "../fake_replies.ts";
import { PATIENT_MS } from "../../../patience.ts";

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
    const tried = openScratchRest({ scratch, rest, branch: "b", objects: fake.objects });
    await tried.send("GET", "/x");
    assert.deepEqual([...tried.locations], ["s3://wh/bronze/orders"]);
  }, { undoTimeoutMs: PATIENT_MS });
  assert.deepEqual(leftovers, []);
  assert.deepEqual([...fake.files], ["wh/bronze/orders/metadata/1.json"]);
});

Deno.test("what is deleted in the catalog lies in the scratch namespace", async () => {
  const sent: string[] = [];
  await inScratch(async (scratch) => {
    const send = (_method: string, path: string) => (sent.push(path), Promise.resolve(reply(204)));
    const tried = openScratchRest({ scratch, rest: { at: (path: string) => path, send }, branch: "b" });
    const { root } = tried;
    for (
      const path of [
        "/namespaces/bronze/tables/orders?purgeRequested=true",
        "/namespaces/bronze",
        `/namespaces/${root}x/tables/t`,
        `/namespaces/x${root}/tables/t`,
        `/x/namespaces/${root}/tables/t`,
        `/${"x".repeat(root.length)}/namespaces/${root}/tables/t`,
        "",
      ]
    ) await assert.rejects(tried.send("DELETE", path), /is not of this run/, path);
    assert.deepEqual(sent, []);
    const ours = ["", "/tables/t", "/tables/t?purgeRequested=true", "%1Finner", "%1finner/views/v"];
    for (const path of ours) await tried.send("DELETE", `/namespaces/${root}${path}`);
    await tried.send("GET", "/namespaces/bronze");
    assert.equal(sent.length, ours.length + 1);
  }, { undoTimeoutMs: PATIENT_MS }).then(({ ended }) => {
    if (ended.status === "rejected") throw ended.reason;
  });
});

const HOME = { bucket: "wh", base: "base/" };
const RUN = "20261121t1100z-38a70000";
const OWN = "20261121t1100z-00000000";
const OVER = { text: markerText(RUN, "ci-7", 1000), ageMs: 3_600_000 };

Deno.test("objects of runs that are over are removed, and nothing else is", async () => {
  const fake = fakeIceberg();
  const spaces = {
    live: "base/lakecheck_scratch_20261121t1230z_aaaa0000/",
    unmarked: "base/lakecheck_scratch_20261121t1230z_bbbb0000/",
    foreign: "base/lakecheck_scratch_20261121t1230z_cccc0000/",
    own: "base/lakecheck_scratch_20261121t1100z_00000000/",
    over: "base/lakecheck_scratch_20261121t1100z_38a70000/",
  };
  const names = [
    "base/lakecheck_scratch_notatime/",
    "base/lakecheck_scratch_20261121t1100z_38a70000x/",
    "base/xlakecheck_scratch_20261121t1100z_38a70000/",
    "base/bronze/orders/",
    "lakecheck_scratch_20261121t1100z_38a70000/",
  ];
  const kept = [
    ...[spaces.live, spaces.unmarked, spaces.foreign, spaces.own, ...names].map((space) =>
      `wh/${space}t/1.json`
    ),
    // An object, and no folder.
    "wh/base/lakecheck_scratch_20261121t1100z_dddd0000",
    // What only a store shows that ignores prefixes.
    "wh/BASE/lakecheck_scratch_20261121t1100z_eeee0000/t/1.json",
  ];
  for (const file of [...kept, `wh/${spaces.over}t/1.json`, `wh/${spaces.over}u/2.json`]) {
    fake.files.add(file);
  }
  for (const name of [...names, spaces.over, spaces.own]) fake.markers.set(`wh/${name}`, OVER);
  fake.markers.set(`wh/${spaces.foreign}`, OVER);
  const live = { text: markerText("20261121t1230z-aaaa0000", "ci-7", 3_600_000), ageMs: 3_000_000 };
  fake.markers.set(`wh/${spaces.live}`, live);
  const keys = [...fake.files].map((file) => file.slice("wh/".length));
  const all = { ...fake.objects, list: () => Promise.resolve(keys) };
  const swept = await sweepObjects(HOME, all, OWN, undefined);
  assert.deepEqual(swept.map(({ prefix, state }) => `${prefix} ${state}`).sort(), [
    `${spaces.over} removed`,
    `${spaces.live} live`,
    `${spaces.unmarked} unclear`,
    `${spaces.foreign} unclear`,
  ]);
  assert.deepEqual([...fake.files].toSorted(), kept.toSorted());
  await assert.rejects(
    sweepWarehouse(HOME, fake.objects, OWN, undefined),
    (error) =>
      error instanceof CannotLook && /bbbb0000\/ was left alone: it has no marker/.test(error.message) &&
      /cccc0000\/ was left alone: it has the marker of another run/.test(error.message) &&
      /Next: aws s3 rm --recursive s3:\/\/wh\/base\/lakecheck_scratch_20261121t1230z_bbbb0000\//.test(
        error.message,
      ),
  );
});

Deno.test("where the store's times can't be relied on no objects of others are removed", async () => {
  const fake = fakeIceberg();
  fake.files.add(`wh/base/lakecheck_scratch_20261121t1100z_38a70000/t/1.json`);
  fake.markers.set("wh/base/lakecheck_scratch_20261121t1100z_38a70000/", OVER);
  const [one] = await sweepObjects(HOME, fake.objects, OWN, "it has no clock");
  assert.deepEqual([one?.state, fake.files.size], ["unclear", 1]);
});

Deno.test("objects that are gone at the second look are not told", async () => {
  const fake = fakeIceberg();
  fake.files.add(`wh/base/lakecheck_scratch_20261121t1100z_38a70000/t/1.json`);
  const list = fake.objects.list;
  fake.objects.list = async (bucket, prefix) => {
    const keys = await list(bucket, prefix);
    fake.files.clear();
    return keys;
  };
  await sweepWarehouse(HOME, fake.objects, OWN, undefined);
});

Deno.test("objects of a run that is over and can't be removed are told", async () => {
  const fake = fakeIceberg();
  fake.files.add(`wh/base/lakecheck_scratch_20261121t1100z_38a70000/t/1.json`);
  fake.markers.set("wh/base/lakecheck_scratch_20261121t1100z_38a70000/", OVER);
  fake.objects.empty = () => Promise.reject(new CannotLook({ kind: "forbidden", message: "HTTP 403" }));
  await assert.rejects(sweepWarehouse(HOME, fake.objects, OWN, undefined), /could not be removed: HTTP 403/);
});
