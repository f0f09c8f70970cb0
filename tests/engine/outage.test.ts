/** Which of many failures is told when nothing could be read, and what is asked before anything else. */
import assert from "node:assert/strict";
import { collect } from "../../lib/engine/collect.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import type { Component, Facts, Failure, FailureKind, ListSource } from "../../lib/engine/model.ts";
import { FAILURE_KINDS } from "../../lib/engine/unread/failure_reason.ts";
import { outageOf } from "../../lib/engine/unread/outage.ts";
import { things, toys } from "./toy.ts";

const failed = (kind: FailureKind, message = `it is ${kind}`): Failure => ({ kind, message });

/** A platform of as many kinds as there are failures, none of which could be listed. */
function blind(failures: readonly Failure[]): { components: Component[]; facts: Facts } {
  const sources = failures.map((_, i): ListSource => ({ ...things, id: `things-${i}` }));
  const facts: Facts = {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T13:00:00Z",
    context: "toy",
    namespace: "toy",
    sources: Object.fromEntries(
      failures.map((failure, i) => [`things-${i}`, { ok: false as const, failure }]),
    ),
  };
  return { components: [{ ...toys, sources }], facts };
}

const told = (failures: readonly Failure[]) => {
  const { components, facts } = blind(failures);
  return outageOf(components, facts);
};

Deno.test("where nothing could be read, the most telling failure speaks, however rare it is", () => {
  const rare = failed("certificate", "no CA signed it");
  assert.deepEqual(told([...Array(5).fill(failed("unreachable")), rare, failed("not-installed")]), rare);
  assert.equal(
    told([failed("not-installed"), failed("not-installed"), failed("forbidden")])?.kind,
    "forbidden",
  );
  assert.equal(
    told([failed("forbidden"), failed("forbidden"), failed("server-error")])?.kind,
    "server-error",
  );
});

Deno.test("of the most telling kind the most frequent words speak", () => {
  const [refused, broken] = [failed("unreachable", "refused"), failed("unreachable", "broke off")];
  assert.deepEqual(told([broken, refused, refused, failed("timeout")]), refused);
});

Deno.test("every kind of failure speaks where it is the only one", () => {
  for (const kind of FAILURE_KINDS) assert.deepEqual(told([failed(kind), failed(kind)]), failed(kind), kind);
});

/** A client that meets the API server like this, and what it was asked, in order. */
function meeting(failure: Failure | undefined) {
  const asked: string[] = [];
  const client = {
    context: "toy",
    preflight() {
      asked.push("preflight");
      return Promise.resolve(failure ? { ok: false as const, failure } : { ok: true as const });
    },
    get(path: string) {
      asked.push(path);
      return failure
        ? Promise.reject(new CannotLook(failure))
        : Promise.resolve({ status: 200, body: { items: [] } });
    },
  };
  return { client, asked };
}

const two: ListSource[] = [things, { ...things, id: "others", path: "/others" }];
const read = (client: Parameters<typeof collect>[0]) => collect(client, two, { namespace: "toy" });

Deno.test("one contact is made before the lists", async () => {
  const { client, asked } = meeting(undefined);
  await read(client);
  assert.deepEqual(asked, ["preflight", "/things", "/others"]);
});

for (const kind of ["certificate", "unauthorized", "unreachable", "timeout"] as const) {
  Deno.test(`where the first contact ends with ${kind}, every list has failed so and none is asked`, async () => {
    const { client, asked } = meeting(failed(kind));
    const { sources } = await read(client);
    assert.deepEqual(asked, ["preflight"]);
    const failure = { ok: false, failure: failed(kind) };
    assert.deepEqual(sources, { things: failure, others: failure });
  });
}

Deno.test("a server that is in, and keeps its version to itself or gives none, is asked for the lists", async () => {
  for (const kind of ["server-error", "malformed", "not-installed", "forbidden"] as const) {
    const { client, asked } = meeting(failed(kind));
    await read(client);
    assert.equal(asked.length, 3, kind);
  }
});
