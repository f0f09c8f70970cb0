/** What the Deployment of the catalog and its configuration ask for. Pure but for reading them. */
import { isSubdomain, kubePath } from "../../../untrusted/api_path.ts";
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { anyText, list, obj, str } from "../../../engine/decode.ts";
import type { Reader } from "../../../engine/model.ts";
import { trimEnd } from "../../../untrusted/text.ts";

export interface Warehouse {
  name: string;
  /** `s3://iceberg-warehouse/` */
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

const DEPLOYMENT = obj({
  spec: obj({
    template: obj({
      spec: obj({
        containers: list(obj({
          name: str,
          image: str,
          env: list(obj({ name: str, value: anyText })),
          envFrom: list(obj({ configMapRef: obj({ name: str }) })),
        })),
        volumes: list(obj({ name: str, configMap: obj({ name: str }) })),
      }),
    }),
  }),
});

/** Reads the Deployment and the ConfigMaps that it mounts. CannotLook when they may not be read. */
export async function readWanted(
  kube: KubeWriter,
  namespace: string,
): Promise<WantedCatalog | { why: string }> {
  const found = await kube.get(kubePath`/apis/apps/v1/namespaces/${namespace}/deployments/nessie`);
  const spec = DEPLOYMENT(found)?.spec?.template?.spec;
  if (!spec) return { why: `there is no Deployment nessie in namespace ${namespace}` };
  const containers = spec.containers ?? [];
  const container = containers.find(({ image, name }) => name === "nessie" || /nessie/.test(image ?? "")) ??
    containers[0];
  const names = [
    ...(spec.volumes ?? []).map(({ configMap }) => configMap?.name),
    ...(container?.envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
  ].flatMap((name) => name !== undefined && isSubdomain(name) ? [name] : []);
  const maps = await Promise.all(
    [...new Set(names)].map((name) => kube.get(kubePath`/api/v1/namespaces/${namespace}/configmaps/${name}`)),
  );
  const settings = new Map<string, string>();
  for (const found of maps) {
    for (const [name, value] of settingsOf(found)) settings.set(canonical(name), value);
  }
  for (const { name, value } of container?.env ?? []) {
    if (name !== undefined && value !== undefined) settings.set(canonical(name), value);
  }
  return wantedOf(container?.image, settings);
}

const anyMap: Reader<Record<string, unknown>> = (value) =>
  typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;

/** A ConfigMap holds settings by their names, or a file of properties. */
function settingsOf(found: KubeObject | undefined): [string, string][] {
  return Object.entries(anyMap(found?.data) ?? {}).flatMap(([key, value]): [string, string][] => {
    if (typeof value !== "string") return [];
    return key.endsWith(".properties") ? properties(value) : [[key, value]];
  });
}

/** The lines `name=value` and `name: value` of a Java properties file; comments and empty lines apart. */
export function properties(text: string): [string, string][] {
  return text.replaceAll(/\\\r?\n\s*/g, "").split(/\r?\n/).flatMap((line): [string, string][] => {
    const [, name, value = ""] = /^([^#!\s=:][^=:\s]*)\s*[=:](.*)/.exec(line.trimStart()) ?? [];
    return name === undefined ? [] : [[name, value.trim()]];
  });
}

/** A setting has one name as a property and another in the environment: `a.b-c`, `A_B_C`. */
const canonical = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, "_").toLowerCase();

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
