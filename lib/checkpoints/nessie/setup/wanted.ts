/** What the workload of the catalog and its configuration ask for. */
import type { KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { type ObjectRef, refText } from "../../../engine/model.ts";
import { canonical, readWorkload } from "./workload.ts";
import { trimEnd } from "../../../untrusted/text.ts";

export interface Warehouse {
  name: string;
  /** `s3://bucket/` */
  location: string;
}

export interface WantedCatalog {
  /** `ghcr.io/projectnessie/nessie:0.104.1`. */
  image?: string;
  /** The tag of the image, when it is a version. */
  version?: string;
  defaultWarehouse?: string;
  warehouses: Warehouse[];
  defaultBranch?: string;
  /** JDBC2, IN_MEMORY, ROCKSDB ... */
  storeType?: string;
  /** Of the object store, as the catalog asks it. */
  s3Endpoint?: string;
}

/** CannotLook when the workload, or a ConfigMap that it names, may not be read. */
export async function readWanted(
  kube: KubeWriter,
  workload: ObjectRef,
): Promise<WantedCatalog | { why: string }> {
  const found = await readWorkload(kube, workload);
  if (!found) return { why: `${refText(workload)} does not exist` };
  return wantedOf(found.image, new Map([...found.settings].map(([name, { value }]) => [name, value])));
}

export function wantedOf(image: string | undefined, settings: ReadonlyMap<string, string>): WantedCatalog {
  const tag = /:([^:/@]+)(?:@|$)/.exec(image ?? "")?.[1];
  const version = /^v?(\d+\.\d+\.\d+)/.exec(tag ?? "")?.[1];
  const warehouses = [...settings].flatMap(([name, location]): Warehouse[] => {
    const called = /^nessie_catalog_warehouses_(.+)_location$/.exec(name)?.[1]?.replace(/^_+/, "") ?? "";
    const bare = trimEnd(called, "_");
    return bare ? [{ name: bare, location }] : [];
  });
  const known = (name: string) => settings.get(canonical(name));
  const defaultWarehouse = known("nessie.catalog.default-warehouse");
  const fields = {
    image,
    version,
    defaultWarehouse,
    defaultBranch: known("nessie.server.default-branch"),
    storeType: known("nessie.version.store.type"),
    s3Endpoint: known("nessie.catalog.service.s3.default-options.endpoint"),
  };
  // The name of a warehouse loses its dashes in this form; the default's is known whole.
  const named = warehouses.map((one) =>
    defaultWarehouse !== undefined && canonical(defaultWarehouse) === one.name
      ? { ...one, name: defaultWarehouse }
      : one
  );
  return { ...fields, warehouses: named };
}
