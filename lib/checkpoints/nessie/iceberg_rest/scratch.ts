/**
 * Where the capabilities are tried: a scratch branch, a namespace on it that has no other of its name, and the objects
 * that the catalog writes below that namespace's location. Nothing of another branch is touched.
 */
import { restPath } from "../../../untrusted/api_path.ts";
import { markerVerdict, type Scratch, stuckBy, type SweepState } from "../../../checkpoint/scratch.ts";
import type { CatalogReply, CatalogRequest } from "../../../clients/catalog_http.ts";
import { cannotLook } from "../../../clients/network_errors.ts";
import { type IcebergRest, space, tablePath } from "../../../clients/iceberg_rest.ts";
import { type FoundMarker, isRunId, type MarkerVerdict } from "../../../checkpoint/scratch_marker.ts";
import { type OwnPlace, scratchBelow } from "../../s3/scratch/own_place.ts";
import type { MarkerPlace } from "../../s3/scratch/marker.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { command } from "../../../untrusted/shell.ts";

/** The objects of a store, as far as trying and cleaning up need them. */
export interface Objects {
  exists(bucket: string, key: string): Promise<boolean>;
  list(bucket: string, prefix: string): Promise<string[]>;
  /** Deletes what lies in a place of a run. NotCleaned when not all is known to be gone. */
  empty(place: OwnPlace): Promise<void>;
  /** Writes the marker of this run there, as `markPlace` does. */
  mark(scratch: Scratch, place: MarkerPlace): Promise<string | undefined>;
  /** The marker that is there, as `readMarker` gives it. */
  marker(place: MarkerPlace): Promise<FoundMarker | undefined>;
}

export interface ScratchRest {
  branch: string;
  /** The scratch namespace, `lakecheck_scratch_ID`; the first capability creates it. */
  root: string;
  /** Any request; `path` is what stands below `/v1/{prefix}`. Every status is an answer. */
  send(
    method: CatalogRequest["method"],
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<CatalogReply>;
  /** The same for the branch as it was at a commit, or below `/iceberg` itself. */
  elsewhere: Pick<IcebergRest, "send">;
  warehouse?: string;
  /** Locations that the catalog gave to what was made here. */
  locations: Set<string>;
  /** Absent: no key for the store was found; what becomes of files is then not known. */
  objects?: Objects;
}

export interface ScratchRestOptions {
  scratch: Scratch;
  /** Whose prefix is the scratch branch, with or without a warehouse. */
  rest: Pick<IcebergRest, "send" | "at">;
  branch: string;
  warehouse?: string;
  objects?: Objects;
  /** Where the catalog puts namespaces, if that is known: `base` is empty, or ends with `/`. */
  home?: WarehouseHome;
  /** Not bound to the signal: for cleaning up. */
  undoObjects?: Objects;
}

export interface WarehouseHome {
  bucket: string;
  base: string;
}

const SCRATCH = "lakecheck_scratch_";

/** The name of the scratch namespace of a run. */
export const scratchNamespace = (id: string): string => `${SCRATCH}${id.replaceAll("-", "_")}`;

/** Registers the cleaning of the objects; creates nothing. The branch is there, and goes when its maker cleans up. */
export function openScratchRest(options: ScratchRestOptions): ScratchRest {
  const { scratch, rest, branch, warehouse, home, objects, undoObjects = objects } = options;
  const root = scratchNamespace(scratch.id);
  // Its marker lies there, if nothing else does.
  const locations = new Set(home && objects ? [`s3://${home.bucket}/${home.base}${root}`] : []);
  scratch.undo(`objects of namespace ${root}`, () => removeObjects(locations, root, undoObjects));
  return {
    branch,
    root,
    ...warehouse === undefined ? {} : { warehouse },
    locations,
    ...objects ? { objects } : {},
    elsewhere: rest,
    async send(method, path, body, headers) {
      if (method === "DELETE" && !isBelow(path, inSpace(root))) throw new Error(`${path} is not of this run`);
      const reply = await rest.send(method, rest.at(path), body, headers);
      for (const part of ["metadata", "properties"]) {
        const place = at(reply.body, part, "location");
        if (typeof place === "string") locations.add(place);
      }
      return reply;
    },
  };
}

/** Whether a path is this one, or one below it; a further level of a namespace goes on after a separator. */
const isBelow = (path: string, of: string): boolean =>
  path.startsWith(of) && /^(?:$|[/?]|%1F)/i.test(path.slice(of.length));

/**
 * The bucket and the prefix of everything below a scratch namespace: of `s3://b/wh/NS/t_1/metadata`, `b` and `wh/NS/`.
 * Undefined where the location has no part that is exactly the namespace: nothing may be removed there.
 */
export function scratchPlace(location: string, root: string): { bucket: string; prefix: string } | undefined {
  if (!/^lakecheck_scratch_[0-9a-z_]{8,}$/.test(root)) return undefined;
  const [, bucket, path] = /^s3[an]?:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
  if (bucket === undefined || path === undefined) return undefined;
  const parts = path.split("/");
  const place = parts.indexOf(root);
  if (place < 0) return undefined;
  const prefix = `${parts.slice(0, place + 1).join("/")}/`;
  return prefix.endsWith(`${root}/`) ? { bucket, prefix } : undefined;
}

async function removeObjects(locations: ReadonlySet<string>, root: string, objects?: Objects): Promise<void> {
  const places = new Map<string, { bucket: string; prefix: string }>();
  for (const location of locations) {
    const place = scratchPlace(location, root);
    if (place) places.set(`${place.bucket}/${place.prefix}`, place);
  }
  if (places.size === 0) return;
  if (!objects) {
    const next = [...places.values()]
      .map(({ bucket, prefix }) => command`aws s3 rm --recursive s3://${bucket}/${prefix}`).join("; ");
    const message = `without keys for the store, the metadata files stay (some kilobytes). Next: ${next}`;
    throw cannotLook("unauthorized", message);
  }
  for (const { bucket, prefix } of places.values()) {
    await objects.empty(scratchBelow(bucket, prefix));
  }
}

/** The objects of another run's scratch namespace, and what became of them. */
export type SweptObjects = MarkerPlace & { run: string } & SweepState;

/** Where the objects of a run's scratch namespace lie. */
export const objectsOf = ({ bucket, base }: WarehouseHome, run: string): MarkerPlace => ({
  bucket,
  prefix: `${base}${scratchNamespace(run)}/`,
});

/**
 * Removes the objects of scratch namespaces whose marker says that their run is over. With `blind`, the reason why the
 * store's times can't be relied on, nothing is removed. Leaves alone and tells everything else of such a name.
 */
export async function sweepObjects(
  home: WarehouseHome,
  objects: Objects,
  own: string,
  blind: string | undefined,
): Promise<SweptObjects[]> {
  const { bucket, base } = home;
  const start = `${base}${SCRATCH}`;
  const runs = new Set<string>();
  for (const key of await objects.list(bucket, start)) {
    const end = key.indexOf("/", start.length);
    if (!key.startsWith(start) || end < 0) continue;
    const run = key.slice(start.length, end).replace("_", "-");
    if (isRunId(run) && run !== own) runs.add(run);
  }
  return await Promise.all([...runs].map(async (run): Promise<SweptObjects> => {
    const place = objectsOf(home, run);
    const verdict = await verdictOf(objects, place, run, blind);
    return { ...place, run, ...verdict.state === "expired" ? await removed(objects, place) : verdict };
  }));
}

async function verdictOf(
  objects: Objects,
  place: MarkerPlace,
  run: string,
  blind: string | undefined,
): Promise<MarkerVerdict> {
  if (blind !== undefined) return { state: "unclear", why: `may be in use: ${blind}` };
  return await markerVerdict(run, () => objects.marker(place));
}

async function removed(objects: Objects, { bucket, prefix }: MarkerPlace): Promise<SweepState> {
  try {
    await objects.empty(scratchBelow(bucket, prefix));
    return { state: "removed" };
  } catch (error) {
    return stuckBy(error);
  }
}

export const inSpace = (...levels: readonly string[]): string => space(levels);
export const tableAt = (space: string, name: string): string => tablePath({ namespace: [space], name });
export const viewAt = (space: string, name: string): string =>
  tablePath({ namespace: [space], name }, "views");

/** Two columns: a required long `id`, and `data`, a string. */
export const SCHEMA = {
  type: "struct",
  "schema-id": 0,
  fields: [
    { id: 1, name: "id", required: true, type: "long" },
    { id: 2, name: "data", required: false, type: "string" },
  ],
};

/** Makes a table for a trial of something else. Gives its metadata and where its metadata file is. */
export async function makeTable(
  rest: ScratchRest,
  name: string,
  more: Record<string, unknown> = {},
): Promise<{ uuid: string; metadata: unknown; file: string; path: string }> {
  const body = { name, schema: SCHEMA, "stage-create": false, ...more };
  const reply = await rest.send("POST", restPath`${inSpace(rest.root)}/tables`, body);
  if (!isGood(reply)) {
    throw cannotLook("server-error", `could not make a table to try it with: ${words(reply)}`);
  }
  return {
    uuid: String(at(reply.body, "metadata", "table-uuid")),
    metadata: at(reply.body, "metadata"),
    file: String(at(reply.body, "metadata-location")),
    path: tableAt(rest.root, name),
  };
}

/** What a table is loaded as now; CannotLook when it cannot be. */
export async function load(rest: ScratchRest, path: string): Promise<unknown> {
  const reply = await rest.send("GET", path);
  if (isGood(reply)) return at(reply.body, "metadata");
  throw cannotLook("server-error", `could not read back what was done: ${words(reply)}`);
}
