/** The object store of the catalog's warehouse, for what has to look at objects: opened as the S3 checkpoint does. */
import type { Asked } from "../../../command.ts";
import { rawS3, type S3Session } from "../../../clients/s3/client.ts";
import { s3Failure, s3ReplyFailure } from "../../../clients/s3/failures.ts";
import { type S3Reader, s3Reader, S3ReplyError } from "../../../clients/s3/reader.ts";
import { orFailure } from "../../../checkpoint/look.ts";
import type { Failure, World } from "../../../engine/model.ts";
import { hostName } from "../../../checkpoint/host.ts";
import { empty } from "../../s3/scratch/delete.ts";
import { markPlace, readMarker } from "../../s3/scratch/marker.ts";
import { clientsOf, openStore, type Store } from "../../s3/setup/mod.ts";
import type { Objects } from "../iceberg_rest/scratch.ts";

export interface WarehouseStore {
  reader: S3Reader;
  session: S3Session;
  objects: Objects;
  /** For undoing only: outlives the signal. */
  undoObjects: Objects;
  close(): Promise<void>;
}

const REGION = "us-east-1";

/** `ca`: PEM, for the store's TLS. Why there is no way to the store is no fault of the catalog: it is told where objects would have been looked at. */
export async function openWarehouse(
  world: World,
  asked: Asked,
  ca?: string,
): Promise<WarehouseStore | { failure: Failure }> {
  const url = Deno.env.get("S3_ENDPOINT");
  const trust = ca === undefined ? {} : { ca };
  const endpoint = url
    ? { endpoint: { flag: "S3_ENDPOINT", url, ...trust } }
    : ca === undefined
    ? {}
    : { endpoint: { ca } };
  const store = await orFailure(openStore(world, asked, { region: REGION, ...endpoint }));
  return "failure" in store ? store : await orFailure(withKeys(store));
}

async function withKeys(store: Store): Promise<WarehouseStore | { failure: Failure }> {
  const { connection, region, timeoutMs, signal, chosen } = store;
  if (!chosen?.keys) {
    await store.close();
    const message =
      "the object store takes none of the keys that are in the cluster. Next: deno task data-platform:test:s3";
    return { failure: { kind: "unauthorized", message } };
  }
  const clients = await clientsOf(store);
  const session: S3Session = { connection, keys: chosen.keys, region, timeoutMs, signal };
  const undoReader = s3Reader({ connection, keys: chosen.keys, region, timeoutMs });
  const reader = s3Reader(session);
  const removing: Pick<Objects, "empty"> = {
    empty: async (place) => void await empty(clients.undoS3, place, { ...session, signal: undefined }),
  };
  const undoTalk = { ...session, signal: undefined };
  const [raw, undoRaw] = [rawS3(session), rawS3(undoTalk)];
  const marking: Pick<Objects, "mark" | "marker"> = {
    mark: (scratch, place) => markPlace(scratch, undoRaw, place, hostName()),
    marker: (place) => readMarker(raw, place),
  };
  return {
    reader,
    session,
    objects: { ...reading(reader, session), ...removing, ...marking },
    undoObjects: { ...reading(undoReader, undoTalk), ...removing, ...marking },
    async close() {
      clients.destroy();
      await store.close();
    },
  };
}

function reading(reader: S3Reader, session: S3Session): Pick<Objects, "exists" | "list"> {
  return {
    exists: (bucket, key) => inWords(async () => await reader.size(bucket, key) !== undefined, session),
    list: (bucket, prefix) =>
      inWords(async () => {
        const keys: string[] = [];
        for await (const page of reader.list(bucket, prefix)) {
          for (const { key } of page.objects) keys.push(key);
        }
        return keys;
      }, session),
  };
}

/** What the reader throws, as CannotLook with words. */
export async function inWords<T>(doing: () => Promise<T>, session: S3Session): Promise<T> {
  try {
    return await doing();
  } catch (error) {
    if (!(error instanceof S3ReplyError)) throw s3Failure(error, session);
    throw s3ReplyFailure({ ...error.seen, text: () => error.seen.text }, session);
  }
}
