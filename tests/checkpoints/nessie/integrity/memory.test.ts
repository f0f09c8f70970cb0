import assert from "node:assert/strict";
import {
  memoryGuard,
  MetadataTooLarge,
  Overfull,
  roomOf,
  unbounded,
} from "../../../../lib/checkpoints/nessie/integrity/memory/mod.ts";
import { seenSet } from "../../../../lib/checkpoints/nessie/integrity/seen.ts";
import { lookAt, type TableSeen } from "../../../../lib/checkpoints/nessie/integrity/table.ts";
import { type FakeStore, NOW, put, putBytes, withStore } from "./fixture.ts";

type Room = ReturnType<typeof roomOf>;

/** What is seen of a table that has so much room. */
async function seenIn(store: FakeStore, metadataLocation: string, room: Room): Promise<TableSeen> {
  const table = { name: "main:db.t", type: "table" as const, metadataLocation, branch: true };
  return await lookAt(table, {
    store: store.reader,
    listTable: store.reader.list,
    sorted: seenSet(),
    room,
    now: NOW,
    buckets: new Set(["lake"]),
  });
}

function inOrder({ flaws, unnamed, elsewhere, ...rest }: TableSeen): unknown {
  const byText = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one)).sort();
  return {
    ...rest,
    elsewhere: byText(elsewhere),
    flaws: byText(flaws.map((flaw) => ({ ...flaw, examples: byText(flaw.examples) }))),
    unnamed: unnamed &&
      { ...unnamed, largest: byText(unnamed.largest), orphanList: byText(unnamed.orphanList) },
  };
}

Deno.test("a table for which there is little memory is looked at in parts, and the same is said of it", () =>
  withStore(async (store) => {
    let divided = 0;
    for (const name of ["spark_orders_v2", "spark_orders_eq", "spark_orders_v3"] as const) {
      const { metadataLocation } = await put(store, name);
      const place = metadataLocation.replace(/\/metadata\/[^/]*$/, "");
      for (let n = 0; n < 9; n++) putBytes(store, `${place}/data/lost-${n}.parquet`, new Uint8Array(100 + n));
      const missing = [...store.objects.keys()].filter((key) => `s3://${key}`.startsWith(`${place}/data/0`))
        .at(1);
      store.objects.delete(missing ?? "");
      const all = await seenIn(store, metadataLocation, unbounded);
      let asked = store.requests.length;
      await seenIn(store, metadataLocation, unbounded);
      const usual = store.requests.length - asked;
      // As few things at a time as the table can be looked at with.
      for (let most = 16;; most += 4) {
        try {
          asked = store.requests.length;
          const some = await seenIn(store, metadataLocation, roomFor(most));
          // There is room for the table as it is, and not for its earlier states.
          if ((some.unnamed?.undecided.count ?? 0) > 0) continue;
          assert.deepEqual(inOrder(some), inOrder(all), `${name}, ${most} at a time`);
          if (store.requests.length - asked > 2 * usual) divided++;
          break;
        } catch (error) {
          if (!(error instanceof MetadataTooLarge)) throw error;
        }
      }
    }
    assert.equal(divided, 3, "each was looked at in parts");
  }));

/** Room for so many names and objects of a table at a time, whatever their size. */
function roomFor(most: number): Room {
  const allowance = (alone: boolean) => {
    let taken = 0;
    return {
      take(_bytes: number, divisible: boolean) {
        if (divisible && ++taken > most) throw new Overfull(true, most);
      },
      give: (bytes: number) => void (taken -= bytes > 0 ? 1 : 0),
      left: () => Infinity,
      sideBySide: 1,
      alone,
    };
  };
  return { small: () => allowance(false), alone: (look) => look(() => allowance(true)) };
}

Deno.test("a table whose metadata alone needs more memory than there is could not be looked at", () =>
  withStore(async (store) => {
    const { metadataLocation } = await put(store, "spark_orders_v2");
    await assert.rejects(seenIn(store, metadataLocation, roomOf(5000, 24)), MetadataTooLarge);
  }));

Deno.test("what is dead is collected when the memory comes near its limit, and not before", () => {
  const MIB = 1024 * 1024;
  let resident = 100 * MIB;
  let collected = 0;
  const collect = () => {
    collected++;
    resident = Math.min(resident, 120 * MIB);
  };
  const guard = memoryGuard(256 * MIB, { resident: () => resident, collect, lookMs: 1e6 });
  try {
    guard.look();
    assert.equal(collected, 0);
    resident = 240 * MIB;
    guard.look();
    assert.equal(collected, 1);
    guard.look();
    assert.equal(collected, 1, "nothing is collected again before it has grown again");
    assert.equal(guard.most(), 240 * MIB);
  } finally {
    guard.end();
  }
});
