import assert from "node:assert/strict";
import { redacted } from "../../../../lib/procedures/onepassword/install/dry_run.ts";
import { secretObject, writtenAt } from "../../../../lib/procedures/onepassword/install/secrets.ts";

const CANARY = "canary-4f1c9a7e2b";
const wanted = { name: "connect-token", namespace: "external-secrets", key: "token", value: CANARY };

Deno.test("the time of the last write is that of the manager who wrote the key", () => {
  const object = secretObject(wanted);
  const entry = (time: string, fields: object) => ({ time, fieldsV1: fields });
  const found = {
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: [
        entry("2026-01-01T10:00:00Z", { "f:data": { "f:token": {} } }),
        entry("2026-01-01T12:00:00Z", { "f:metadata": {} }),
      ],
    },
  };
  assert.equal(writtenAt(found, "token")?.toISOString(), "2026-01-01T10:00:00.000Z");
  assert.equal(writtenAt(object, "token"), undefined);
});

Deno.test("a dry run shows the keys of a Secret and never a value, plain or encoded", () => {
  const shown = JSON.stringify(redacted(secretObject(wanted)));
  assert.match(shown, /"token":"\(redacted\)"/);
  assert.ok(!shown.includes(CANARY) && !shown.includes(new TextEncoder().encode(CANARY).toBase64()));
});
