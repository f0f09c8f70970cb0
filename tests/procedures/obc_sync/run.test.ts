import assert from "node:assert/strict";
import { UsageError } from "../../../lib/engine/errors.ts";
import type { Dependencies } from "../../../lib/procedures/obc_sync/run.ts";
import { ONLY_CLAIM, problem, withBoth } from "./fixture.ts";
import { CANARIES, CLAIM_SECRET, claimSecret, forwardingTo, USER_TITLE } from "./samples.ts";

const CLAIM_FIELDS =
  "source, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, BUCKET_NAME, BUCKET_HOST, BUCKET_PORT";

Deno.test("the keys of claims and users become items, and a second run writes nothing", () =>
  withBoth(async ({ sync, items, writes }) => {
    assert.deepEqual(await sync(), {
      lines: [
        `created OnePasswordItem lakehouse/events: ${CLAIM_FIELDS}`,
        `created OnePasswordItem lakehouse/${USER_TITLE}: source, AccessKey, SecretKey, Endpoint`,
      ],
      status: 0,
    });
    const made = items().events;
    const held = Object.fromEntries(made?.fields.map(({ label, value }) => [label, value]) ?? []);
    assert.equal(held.AWS_SECRET_ACCESS_KEY, CANARIES.AWS_SECRET_ACCESS_KEY);
    assert.deepEqual([made?.tags, made?.category, made?.version], [["lakecheck"], "API_CREDENTIAL", 1]);
    const again = await sync();
    assert.deepEqual(again, {
      lines: [
        "unchanged OnePasswordItem lakehouse/events",
        `unchanged OnePasswordItem lakehouse/${USER_TITLE}`,
      ],
      status: 0,
    });
    assert.deepEqual(items().events, made);
    assert.deepEqual(await writes(), ["CREATE", "CREATE"]);
  }));

Deno.test("a rotated key is one PATCH of its one field", () =>
  withBoth(async ({ sync, kube, items, writes }) => {
    await sync();
    const before = items().events;
    kube.objects.set(CLAIM_SECRET, claimSecret({ AWS_SECRET_ACCESS_KEY: "rotated" }));
    const { lines } = await sync();
    assert.equal(lines[0], "changed OnePasswordItem lakehouse/events: AWS_SECRET_ACCESS_KEY");
    const after = items().events;
    assert.deepEqual(await writes(), ["CREATE", "CREATE", "UPDATE"]);
    assert.equal(after?.version, 2);
    const differing = after?.fields.filter(({ value }, at) => value !== before?.fields[at]?.value);
    assert.deepEqual(differing?.map(({ label, value }) => [label, value]), [[
      "AWS_SECRET_ACCESS_KEY",
      "rotated",
    ]]);
  }));

Deno.test("a dry run writes nothing, asks for no leave to write, and tells what differs with exit status 1", () =>
  withBoth(async ({ sync, writes, connect }) => {
    const dependencies = {
      ...forwardingTo(connect.url),
      consent: () => Promise.reject(new Error("asked")),
    };
    const { lines, status } = await sync({ dryRun: true }, dependencies);
    assert.equal(lines[0], `would create OnePasswordItem lakehouse/events: ${CLAIM_FIELDS}`);
    assert.equal(status, 1);
    assert.deepEqual(await writes(), []);
  }));

Deno.test("without consent nothing is written, and where nothing differs nobody is asked", () =>
  withBoth(async ({ sync, writes, connect }) => {
    const asked: string[] = [];
    const dependencies: Dependencies = {
      ...forwardingTo(connect.url),
      consent: (steps, goal) => {
        asked.push(`${goal}: ${steps.length}`);
        return Promise.reject(new UsageError("Not confirmed."));
      },
    };
    await problem(sync({}, dependencies), UsageError);
    assert.deepEqual(asked, ["To vault lakehouse, from context toy: 2"]);
    assert.deepEqual(await writes(), []);
    await sync();
    assert.equal((await sync({}, dependencies)).status, 0);
    await problem(sync({ watch: true }, dependencies), UsageError);
  }));

Deno.test("an item that somebody else made is refused by name, and taken over with --adopt", () =>
  withBoth(async ({ sync, connect, items }) => {
    const theirs = { title: "events", category: "LOGIN", tags: ["s3"], vault: { id: connect.vault.id } };
    const fields = [{ label: "AWS_ACCESS_KEY_ID", value: "old" }, { label: "note", value: "keep" }];
    await connect.send("POST", `/v1/vaults/${connect.vault.id}/items`, { ...theirs, fields });
    const before = items().events;
    const { lines, status } = await sync(ONLY_CLAIM);
    assert.match(
      lines[0] ?? "",
      new RegExp(`^failed OnePasswordItem lakehouse/events: item ${before?.id} .*--adopt`),
    );
    assert.equal(status, 2);
    assert.deepEqual(items().events, before);
    const adopted = await sync({ ...ONLY_CLAIM, adopt: true });
    assert.deepEqual(adopted.lines, [`changed OnePasswordItem lakehouse/events: ${CLAIM_FIELDS}, tags`]);
    const after = items().events;
    assert.deepEqual([after?.id, after?.tags], [before?.id, ["s3", "lakecheck"]]);
    assert.equal(after?.fields.find(({ label }) => label === "note")?.value, "keep");
    assert.deepEqual((await sync(ONLY_CLAIM)).lines, ["unchanged OnePasswordItem lakehouse/events"]);
  }));

Deno.test("two items of one title are refused with both ids, and the other items are written", () =>
  withBoth(async ({ sync, connect, items }) => {
    const twin = { title: "events", category: "LOGIN", tags: ["lakecheck"], vault: { id: connect.vault.id } };
    const made = [1, 2].map(() => connect.send("POST", `/v1/vaults/${connect.vault.id}/items`, twin));
    const ids = (await Promise.all(made)).map(({ body }) => body.id);
    const { lines, status } = await sync({ adopt: true });
    for (const id of ids) assert.ok(lines[0]?.includes(id));
    assert.match(lines[0] ?? "", /^failed .* 2 items are called so/);
    assert.match(lines[1] ?? "", /^created /);
    assert.equal(status, 2);
    assert.ok(items()[USER_TITLE]);
  }));
