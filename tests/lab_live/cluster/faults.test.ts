import assert from "node:assert/strict";
import { refText } from "../../../lib/engine/model.ts";
import { findFault, repairAll } from "../../../lab/faults/mod.ts";
import { assertHealthy, lab, quiet, task, unhealthy, withFaults } from "../live.ts";

Deno.test("without Connect there is one root, and all below it are symptoms with their chain", async () => {
  await withFaults(["onepassword-connect-missing"], ({ code, report }) => {
    assert.equal(code, 2);
    assert.equal(report.roots.length, 1, report.roots.map(({ object }) => refText(object)).join(", "));
    const findings = report.details.components.flatMap(({ checks }) => checks);
    const critical = findings.filter(({ status }) => status === "critical");
    const unexplained = critical.filter(({ role, chain }) =>
      role !== "root" && (role !== "symptom" || !chain?.length)
    );
    assert.deepEqual(unexplained.map(({ object }) => refText(object)), [], unhealthy(report).join("\n"));
    const symptoms = critical.filter(({ role }) => role === "symptom");
    assert.ok(symptoms.length >= 12, `${symptoms.length} symptoms`);
    const root = report.roots[0]?.object;
    for (const { object, chain } of symptoms) {
      assert.deepEqual(chain?.at(-1)?.object, root, `the chain of ${refText(object)} ends at the root`);
    }
  });
});

Deno.test("after the repair the lab is healthy again, with no warning", async () => {
  await assertHealthy();
});

for (
  const name of [
    "spark-client-scaled-to-zero",
    "rgw-stopped",
    "item-missing",
    "flux-dependson-wrong-namespace",
    "quota-refuses-pods",
  ]
) {
  Deno.test(`${name}: ${findFault(name).title}`, () => withFaults([name]));
}

Deno.test("two independent faults are two roots, and are repaired one by one", async () => {
  await withFaults(["spark-client-scaled-to-zero", "connect-token-wrong"], async ({ report }) => {
    assert.equal(report.roots.length, 2);
    await repairAll(lab(), [findFault("connect-token-wrong")], quiet);
  });
});

Deno.test("after all repairs the lab is healthy again", async () => {
  await assertHealthy();
});

Deno.test("lab:break of an unknown fault says which names are near, and breaks nothing", async () => {
  const said = await task("lab:break", ["rgw-stoped"]);
  assert.equal(said.code, 3);
  assert.match(said.stderr, /There is no fault "rgw-stoped"\. Did you mean rgw-stopped/);
  assert.doesNotMatch(said.stderr, /\n\s+at /);
});

Deno.test("lab:break --list explains every fault", async () => {
  const said = await task("lab:break", ["--list"]);
  assert.equal(said.code, 0);
  assert.match(said.stdout, /onepassword-connect-missing\n\s+After a rebuild/);
});

Deno.test("lab:repair with nothing broken says so", async () => {
  const said = await task("lab:repair", [], 300_000);
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stderr, /No fault is on/);
});
