/** The object store of the catalog's warehouse, for what has to look at objects: opened as the S3 checkpoint does. */
import type { Asked } from "../../../command.ts";
import { rawS3, type S3Talk } from "../../../clients/s3/client.ts";
import { s3Refused, s3Trouble } from "../../../clients/s3/failures.ts";
import { type S3Reader, s3Reader, S3Refused } from "../../../clients/s3/reader.ts";
import { orFailure } from "../../../checkpoint/look.ts";
import type { Failure, World } from "../../../engine/model.ts";
import { hostName } from "../../../checkpoint/host.ts";
import { empty } from "../../s3/scratch/delete.ts";
import { markPlace, readMarker } from "../../s3/scratch/marker.ts";
import { clientsOf, openStore, type Store } from "../../s3/setup/mod.ts";
import type { Objects } from "../iceberg_rest/scratch.ts";

export interface WarehouseStore {
  reader: S3Reader;
  talk: S3Talk;
  objects: Objects;
  /** For undoing only: outlives the signal. */
  undoObjects: Objects;
  close(): Promise<void>;
}

const REGION = "us-east-1";

/** Why there is no way to the store is no fault of the catalog: it is told where objects would have been looked at. */
export async function openWarehouse(
  world: World,
  asked: Asked,
): Promise<WarehouseStore | { failure: Failure }> {
  const url = Deno.env.get("S3_ENDPOINT");
  const endpoint = url ? { endpoint: { flag: "S3_ENDPOINT", url } } : {};
  const store = await orFailure(openStore(world, asked, { region: REGION, ...endpoint }));
  return "failure" in store ? store : await orFailure(withKeys(store));
}

async function withKeys(store: Store): Promise<WarehouseStore | { failure: Failure }> {
  const { way, region, timeoutMs, signal, chosen } = store;
  if (!chosen?.keys) {
    await store.close();
    const message =
      "the object store takes none of the keys that are in the cluster. Next: deno task data-platform:test:s3";
    return { failure: { kind: "unauthorized", message } };
  }
  const clients = await clientsOf(store);
  const talk: S3Talk = { way, keys: chosen.keys, region, timeoutMs, signal };
  const undoReader = s3Reader({ way, keys: chosen.keys, region, timeoutMs });
  const reader = s3Reader(talk);
  const removing: Pick<Objects, "empty"> = {
    empty: async (place) => void await empty(clients.undoS3, place, { ...talk, signal: undefined }),
  };
  const undoTalk = { ...talk, signal: undefined };
  const [raw, undoRaw] = [rawS3(talk), rawS3(undoTalk)];
  const marking: Pick<Objects, "mark" | "marker"> = {
    mark: (scratch, place) => markPlace(scratch, undoRaw, place, hostName()),
    marker: (place) => readMarker(raw, place),
  };
  return {
    reader,
    talk,
    objects: { ...reading(reader, talk), ...removing, ...marking },
    undoObjects: { ...reading(undoReader, undoTalk), ...removing, ...marking },
    async close() {
      clients.destroy();
      await store.close();
    },
  };
}

function reading(reader: S3Reader, talk: S3Talk): Pick<Objects, "exists" | "list"> {
  return {
    exists: (bucket, key) => inWords(async () => await reader.size(bucket, key) !== undefined, talk),
    list: (bucket, prefix) =>
      inWords(async () => {
        const keys: string[] = [];
        for await (const page of reader.list(bucket, prefix)) {
          for (const { key } of page.objects) keys.push(key);
        }
        return keys;
      }, talk),
  };
}

/** What the reader throws, as CannotLook with words. */
async function inWords<T>(doing: () => Promise<T>, talk: S3Talk): Promise<T> {
  try {
    return await doing();
  } catch (error) {
    if (!(error instanceof S3Refused)) throw s3Trouble(error, talk);
    throw s3Refused({ ...error.seen, text: () => error.seen.text }, talk);
  }
}
