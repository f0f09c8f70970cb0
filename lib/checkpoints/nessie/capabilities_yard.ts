/**
 * Where the capabilities are tried: a scratch branch, a namespace on it that has no other of its name, and the objects
 * that the catalog writes below that namespace's location. Nothing of another branch is touched.
 */
import { restPath } from "../../api_path.ts";
import type { Scratch } from "../../checkpoint.ts";
import { scratchTime } from "../../checkpoint.ts";
import type { CatalogReply, CatalogRequest } from "../../clients/catalog_http.ts";
import { cannotLook } from "../../clients/failures.ts";
import { type OwnPlace, scratchBelow } from "../s3/own_place.ts";
import { type IcebergRest, space, tablePath } from "../../clients/iceberg_rest.ts";
import { at, isGood, words } from "./capabilities.ts";
import { command } from "../../shell.ts";

/** The objects of a store, as far as trying and cleaning up need them. */
export interface Objects {
  exists(bucket: string, key: string): Promise<boolean>;
  list(bucket: string, prefix: string): Promise<string[]>;
  /** Deletes what lies in a place of a run. NotCleaned when not all is known to be gone. */
  empty(place: OwnPlace): Promise<void>;
}

export interface Yard {
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

export interface YardOptions {
  scratch: Scratch;
  /** Whose prefix is the scratch branch, with or without a warehouse. */
  rest: Pick<IcebergRest, "send" | "at">;
  branch: string;
  warehouse?: string;
  objects?: Objects;
  /** Not bound to the signal: for cleaning up. */
  undoObjects?: Objects;
}

/** The name of the scratch namespace of a run. */
export const scratchNamespace = (id: string): string => `lakecheck_scratch_${id.replaceAll("-", "_")}`;

/** Registers the cleaning of the objects; creates nothing. The branch is there, and goes when its maker takes it back. */
export function openYard(options: YardOptions): Yard {
  const { scratch, rest, branch, warehouse, objects, undoObjects = objects } = options;
  const locations = new Set<string>();
  const root = scratchNamespace(scratch.id);
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
      for (
        const place of [at(reply.body, "metadata", "location"), at(reply.body, "properties", "location")]
      ) {
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
    throw cannotLook(
      "unauthorized",
      `without keys for the store, the metadata files stay (some kilobytes). Next: ${
        [...places.values()].map(({ bucket, prefix }) =>
          command`aws s3 rm --recursive s3://${bucket}/${prefix}`
        )
          .join("; ")
      }`,
    );
  }
  for (const { bucket, prefix } of places.values()) {
    await objects.empty(scratchBelow(bucket, prefix));
  }
}

/** Removes what runs that were killed have left below the warehouse more than an hour ago. Gives the prefixes. */
export async function sweepObjects(
  bucket: string,
  base: string,
  objects: Objects,
  now: Date,
): Promise<string[]> {
  const start = `${base}lakecheck_scratch_`;
  const old = new Set<string>();
  for (const key of await objects.list(bucket, start)) {
    const [name = ""] = key.slice(base.length).split("/");
    const begun = scratchTime(name.slice("lakecheck_scratch_".length).replace(/_([0-9a-f]{4})$/, "-$1"));
    if (!key.startsWith(start) || !begun || now.getTime() - begun.getTime() < 3_600_000) continue;
    old.add(name);
  }
  for (const name of old) await objects.empty(scratchBelow(bucket, `${base}${name}/`));
  return [...old];
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
  yard: Yard,
  name: string,
  more: Record<string, unknown> = {},
): Promise<{ uuid: string; metadata: unknown; file: string; path: string }> {
  const body = { name, schema: SCHEMA, "stage-create": false, ...more };
  const reply = await yard.send("POST", restPath`${inSpace(yard.root)}/tables`, body);
  if (!isGood(reply)) {
    throw cannotLook("server-error", `could not make a table to try it with: ${words(reply)}`);
  }
  return {
    uuid: String(at(reply.body, "metadata", "table-uuid")),
    metadata: at(reply.body, "metadata"),
    file: String(at(reply.body, "metadata-location")),
    path: tableAt(yard.root, name),
  };
}

/** What a table is loaded as now; CannotLook when it cannot be. */
export async function load(yard: Yard, path: string): Promise<unknown> {
  const reply = await yard.send("GET", path);
  if (isGood(reply)) return at(reply.body, "metadata");
  throw cannotLook("server-error", `could not read back what was done: ${words(reply)}`);
}
