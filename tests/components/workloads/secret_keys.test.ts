import assert from "node:assert/strict";
import { secrets } from "../../../lib/components/kubernetes/kinds.ts";
import { CONFIG_MAPS, fail, healthy, look, podsOf, type Small, the } from "../healthy.ts";
import { on, rootsOf, SECRETS, waiting } from "../platform.ts";

const broken = (change: (small: Small) => void) => {
  const small = healthy();
  change(small);
  return look(small);
};
const keys = (small: Small, ...names: string[]) => {
  the(small, SECRETS, "s3").metadata.managedFields[0].fieldsV1 = {
    "f:data": Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
  };
};
const REFUSED = waiting(
  "CreateContainerConfigError",
  "couldn't find key access-key in Secret data-platform/s3",
);

Deno.test("secret keys: a Secret with the keys that are wanted, and more, is ok", async () => {
  assert.deepEqual(on(await look(healthy()), "Secret", "*").map(({ status }) => status), ["ok"]);
});

Deno.test("secret keys: a key of another name is critical when pods fail for it, and names who wants it", async () => {
  const diagnosis = await broken((small) => {
    keys(small, "AccessKey");
    fail(small, "nessie", REFUSED);
  });
  const [found] = on(diagnosis, "Secret", "s3");
  assert.deepEqual([found?.status, found?.reason, found?.role], ["critical", "MissingKey", "root"]);
  assert.match(found?.message ?? "", /has no key access-key, which Pod nessie-abc-1, Pod nessie-abc-2/);
  assert.equal(found?.observed, "keys AccessKey");
  assert.deepEqual(rootsOf(diagnosis), ["Secret s3 MissingKey"]);
});

Deno.test("secret keys: a key that is gone while its consumers still run is a warning", async () => {
  const [found] = on(await broken((small) => keys(small, "secret-key")), "Secret", "s3");
  assert.equal(found?.status, "warning");
});

Deno.test("secret keys: a key that is optional is not missed", async () => {
  const diagnosis = await broken((small) => {
    for (const object of podsOf(small, "nessie")) {
      const ref = { name: "s3", key: "session-token", optional: true };
      object.spec.containers[0].env.push({ name: "T", valueFrom: { secretKeyRef: ref } });
    }
  });
  assert.deepEqual(rootsOf(diagnosis), []);
});

Deno.test("secret keys: of a Secret whose fields nobody tracks the keys are not known, and not judged", async () => {
  const diagnosis = await broken((small) => {
    (the(small, SECRETS, "s3").metadata as { managedFields: unknown[] }).managedFields = [];
  });
  assert.deepEqual(rootsOf(diagnosis), []);
});

Deno.test("secret keys: a Secret written as stringData by server-side apply has its keys", () => {
  const managedFields = [{ manager: "kubectl", fieldsV1: { "f:stringData": { "f:password": {} } } }];
  const read = secrets.read({ metadata: { name: "s", managedFields } });
  assert.deepEqual(read?.metadata?.keys, ["password"]);
});

Deno.test("secret keys: Secrets that cannot be listed are unknown, never ok", async () => {
  const diagnosis = await broken((small) => small.failures[SECRETS] = { kind: "forbidden", message: "no" });
  const found = diagnosis.findings.filter(({ check }) => check === "secrets.keys");
  assert.deepEqual(found.map(({ status }) => status), ["unknown"]);
});

Deno.test("config maps: a key that a volume picks and that is not there is the root of the failed mount", async () => {
  const diagnosis = await broken((small) => {
    const volume = { configMap: { name: "nessie", items: [{ key: "logback.xml", path: "logback.xml" }] } };
    for (const object of podsOf(small, "nessie")) Object.assign(object.spec, { volumes: [volume] });
    fail(
      small,
      "nessie",
      waiting("CreateContainerConfigError", "references non-existent config key: logback.xml"),
    );
  });
  assert.deepEqual(rootsOf(diagnosis), ["ConfigMap nessie MissingKey"]);
});

Deno.test("config maps: that cannot be listed are unknown", async () => {
  const diagnosis = await broken((small) =>
    small.failures[CONFIG_MAPS] = { kind: "forbidden", message: "no" }
  );
  const found = diagnosis.findings.filter(({ check }) => check === "configmaps.keys");
  assert.deepEqual(found.map(({ status }) => status), ["unknown"]);
});
