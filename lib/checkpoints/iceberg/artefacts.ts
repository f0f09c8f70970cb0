/** What lies in the store, compared with what the catalog names, after each step that changed a table. */
import { codecs } from "../../iceberg/codecs.ts";
import type { NessieApi } from "../../clients/nessie/client.ts";
import type { Flaw } from "../nessie/integrity/names.ts";
import { seenSet } from "../nessie/integrity/seen.ts";
import { lookAt, type TableSeen, type TableTools } from "../nessie/integrity/table.ts";
import { inWords, type WarehouseStore } from "../nessie/setup/warehouse_store.ts";

/** A table that changed, and what was seen of it. */
export interface ChangedTable {
  /** `ns.table`, as the catalog calls it. */
  name: string;
  seen: TableSeen;
}

export interface Artefacts {
  /** The tables whose names begin so that were changed since they were looked at last, each followed to its objects. CannotLook. */
  changed(prefix: string): Promise<ChangedTable[]>;
}

export interface ArtefactOptions {
  nessie: Pick<NessieApi, "entries">;
  branch: string;
  /** The scratch namespace. */
  namespace: string;
  store: Pick<WarehouseStore, "reader" | "session">;
}

export function artefactsOf({ nessie, branch, namespace, store }: ArtefactOptions): Artefacts {
  const { reader, session } = store;
  const looked = new Map<string, string>();
  return {
    async changed(prefix) {
      const changed: ChangedTable[] = [];
      for await (const { key, content } of nessie.entries(branch, { content: true, below: [namespace] })) {
        const table = key.at(-1) ?? "";
        const metadataLocation = content?.metadataLocation;
        if (
          !table.startsWith(prefix) || content?.type !== "ICEBERG_TABLE" || metadataLocation === undefined
        ) {
          continue;
        }
        const name = key.join(".");
        if (looked.get(name) === metadataLocation) continue;
        looked.set(name, metadataLocation);
        const tools: TableTools = {
          store: reader,
          codecs,
          now: Date.now(),
          listTable: reader.list,
          sorted: seenSet(),
          buckets: new Set(),
        };
        const head = { name, type: "table", metadataLocation, branch: true } as const;
        changed.push({ name, seen: await inWords(() => lookAt(head, tools), session) });
      }
      return changed;
    },
  };
}

/** The first flaw in words: `2 data files are missing, s3://...`. */
export function flawText({ reason, part, count, examples: [first] }: Flaw): string {
  const what = reason === "Missing" ? "missing" : reason === "WrongSize" ? "of another size" : reason;
  return `${count} ${part}${count > 1 ? "s" : ""} ${what}: ${first?.path ?? ""}${
    first?.words ? ` ${first.words}` : ""
  }`;
}
