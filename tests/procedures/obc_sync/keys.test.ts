import assert from "node:assert/strict";
import fc from "fast-check";
import { newId, type Vault } from "../../../lab/images/standins/onepassword/cloud.ts";
import { incoming, patched } from "../../../lab/images/standins/onepassword/items.ts";
import type { Item } from "../../../lib/clients/onepassword/client.ts";
import {
  claimSource,
  compare,
  labelsOf,
  newItem,
  userSource,
  type WantedItem,
  wantedItem,
} from "../../../lib/procedures/obc_sync/keys.ts";
import {
  CANARIES,
  claim,
  claimMap,
  claimSecret,
  leaks,
  object,
  secret,
  user,
  USER_TITLE,
  userSecret,
} from "./samples.ts";

/** The item of a reading that is not refused. */
function item(reading: ReturnType<typeof wantedItem>): WantedItem {
  assert.ok("fields" in reading, JSON.stringify(reading));
  return reading;
}

Deno.test("a claim's item holds its keys concealed, and its bucket and whose they are in plain", () => {
  const wanted = item(wantedItem(claimSource(claim), claimSecret(), claimMap));
  assert.equal(wanted.title, "events");
  assert.deepEqual(wanted.fields, [
    { label: "source", type: "STRING", value: "ObjectBucketClaim data-platform/events" },
    { label: "AWS_ACCESS_KEY_ID", type: "CONCEALED", value: CANARIES.AWS_ACCESS_KEY_ID },
    { label: "AWS_SECRET_ACCESS_KEY", type: "CONCEALED", value: CANARIES.AWS_SECRET_ACCESS_KEY },
    { label: "BUCKET_NAME", type: "STRING", value: "events" },
    { label: "BUCKET_HOST", type: "STRING", value: "rook-ceph-rgw-storage.rook-ceph.svc" },
    { label: "BUCKET_PORT", type: "STRING", value: "80" },
  ]);
  assert.deepEqual(labelsOf(wanted), wanted.fields.slice(1).map(({ label }) => label));
  const { category, tags } = newItem(wanted);
  assert.deepEqual([category, tags], ["API_CREDENTIAL", ["lakecheck"]]);
});

Deno.test("a user's Secret is the one that its status names, or else the one that Rook makes", () => {
  assert.equal(userSource(user).secret, USER_TITLE);
  assert.equal(userSource({ ...user, status: { info: { secretName: "other" } } }).secret, "other");
  const fresh = object("ceph.rook.io/v1", "CephObjectStoreUser", "rook-ceph/iceberg", {
    spec: { store: "s" },
  });
  assert.equal(userSource(fresh).secret, "rook-ceph-object-user-s-iceberg");
  const labels = item(wantedItem(userSource(user), userSecret, undefined)).fields.map(({ label, type }) =>
    `${label} ${type}`
  );
  assert.deepEqual(labels, [
    "source STRING",
    "AccessKey CONCEALED",
    "SecretKey CONCEALED",
    "Endpoint STRING",
  ]);
});

Deno.test("keys that can't be had are refused by the name of what lacks, and no value is told", () => {
  const source = claimSource(claim);
  const holed = (key: string, value: unknown) => {
    const whole = claimSecret();
    return { ...whole, data: { ...whole.data as object, [key]: value } };
  };
  const cases: [reading: ReturnType<typeof wantedItem>, why: RegExp][] = [
    [
      wantedItem(source, undefined, claimMap),
      /^Secret data-platform\/events does not exist: .* its phase is Bound\. Next: kubectl/,
    ],
    [
      wantedItem(claimSource({ ...claim, status: {} }), undefined, claimMap),
      /no operator has looked at it yet/,
    ],
    [wantedItem(source, claimSecret(), undefined), /^ConfigMap data-platform\/events does not exist/],
    [
      wantedItem(source, holed("AWS_ACCESS_KEY_ID", undefined), claimMap),
      /holds no text as AWS_ACCESS_KEY_ID/,
    ],
    [
      wantedItem(source, holed("AWS_SECRET_ACCESS_KEY", ""), claimMap),
      /holds no text as AWS_SECRET_ACCESS_KEY/,
    ],
    [
      wantedItem(source, holed("AWS_SECRET_ACCESS_KEY", "%%%"), claimMap),
      /holds no text as AWS_SECRET_ACCESS_KEY/,
    ],
    [
      wantedItem(source, holed("AWS_SECRET_ACCESS_KEY", "//79"), claimMap),
      /holds no text as AWS_SECRET_ACCESS_KEY/,
    ],
  ];
  for (const [reading, why] of cases) {
    assert.ok("problem" in reading);
    assert.match(reading.problem, why);
    assert.deepEqual(leaks(reading.problem), []);
  }
});

const vault: Vault = { id: newId(), name: "lakehouse", items: [] };
const label = fc.constantFrom("AccessKey", "SecretKey", "Endpoint", "source", "notes", "other");
const wantedOnes = fc.uniqueArray(
  fc.record({
    label: fc.constantFrom("AccessKey", "SecretKey", "Endpoint"),
    type: fc.constantFrom("CONCEALED" as const, "STRING" as const),
    value: fc.string({ minLength: 1 }),
  }),
  { selector: ({ label }) => label },
).map((keys): WantedItem => ({
  title: "t",
  fields: [{ label: "source", type: "STRING", value: "ObjectBucketClaim a/t" }, ...keys],
}));
const someFields = fc.uniqueArray(
  fc.record({ label, type: fc.constant("STRING"), value: fc.option(fc.string(), { nil: undefined }) }),
  { selector: ({ label }) => label },
);
const someTags = fc.subarray(["lakecheck", "s3", "mine"]);

/** The item as Connect's API gives it: of the stand-in's items, the fields that the client keeps. */
function stored(body: object, vaultId = vault.id): Item {
  return { ...incoming({ ...body, vault: { id: vaultId } }, vault), vaultId } as unknown as Item;
}

Deno.test("whatever an item held, its changes make it the wanted one, and touch nothing else", () => {
  fc.assert(fc.property(wantedOnes, someFields, someTags, (wanted, fields, tags) => {
    const before = stored({ title: "t", category: "LOGIN", tags, fields });
    const change = compare(wanted, before, true);
    assert.ok("operations" in change);
    const after = patched(structuredClone(before) as never, change.operations) as unknown as Item;
    assert.deepEqual(compare(wanted, after, false), { operations: [], changed: [] });
    for (const { label, value, type } of before.fields) {
      const now = after.fields.find((field) => field.label === label);
      const ours = wanted.fields.find((field) => field.label === label);
      assert.deepEqual([now?.value, now?.type], [ours ? ours.value : value, type]);
    }
    for (const tag of tags) assert.ok(after.tags.includes(tag));
    const differing = wanted.fields.filter(({ label, value }) =>
      before.fields.find((field) => field.label === label)?.value !== value
    );
    const names = change.changed.filter((name) => name !== "tags");
    assert.deepEqual(names, differing.map(({ label }) => label));
    assert.equal(change.operations.length, change.changed.length);
  }));
});

Deno.test("an item that was just made needs no change", () => {
  fc.assert(fc.property(wantedOnes, (wanted) => {
    const made = stored(newItem(wanted));
    assert.deepEqual(compare(wanted, made, false), { operations: [], changed: [] });
  }));
});

Deno.test("a rotated key is one operation on its value, by the id of the field", () => {
  const wanted = item(wantedItem(claimSource(claim), claimSecret(), claimMap));
  const made = stored(newItem(wanted));
  const rotated = item(
    wantedItem(claimSource(claim), claimSecret({ AWS_SECRET_ACCESS_KEY: "new" }), claimMap),
  );
  const id = made.fields.find(({ label }) => label === "AWS_SECRET_ACCESS_KEY")?.id;
  assert.deepEqual(compare(rotated, made, false), {
    changed: ["AWS_SECRET_ACCESS_KEY"],
    operations: [{ op: "replace", path: `/fields/${id}/value`, value: "new" }],
  });
});

Deno.test("items that are somebody else's, another claim's, or ambiguous are refused by id without a value", () => {
  const wanted = item(wantedItem(claimSource(claim), claimSecret(), claimMap));
  const made = stored(newItem(wanted));
  const elsewhere = { ...claim, metadata: { ...claim.metadata, namespace: "other" } };
  const others = item(wantedItem(claimSource(elsewhere), claimSecret(), claimMap));
  const twice = { ...made, fields: [...made.fields, { id: "x", label: "BUCKET_NAME", value: "y" }] };
  const cases = [
    [compare(wanted, { ...made, tags: [] }, false), /was not made by obc:sync .*--adopt/],
    [
      compare(others, made, false),
      /the keys of something other than ObjectBucketClaim other\/events.*--adopt/,
    ],
    [compare(wanted, twice, true), /has 2 fields called BUCKET_NAME/],
  ] as const;
  for (const [answer, why] of cases) {
    assert.ok("problem" in answer);
    assert.match(answer.problem, why);
    assert.ok(answer.problem.includes(made.id));
    assert.deepEqual(leaks(answer.problem), []);
  }
  assert.ok("operations" in compare(others, made, true));
});

Deno.test("the samples hold what they should: a canary is found, plain and encoded", () => {
  assert.deepEqual(leaks(secret("a/b", { x: CANARIES.SecretKey })), [CANARIES.SecretKey]);
});
