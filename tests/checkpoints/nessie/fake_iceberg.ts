/** An Iceberg REST catalog in memory that does all that the protocol has; what it does wrong, a test adds. */
import type { CatalogReply } from "../../../lib/clients/catalog_http.ts";
import { applied, broken } from "./fake_commits.ts";
import { problem, reply } from "./fake_replies.ts";
import type { IcebergRest } from "../../../lib/clients/iceberg_rest.ts";
import type { Objects } from "../../../lib/checkpoints/nessie/iceberg_rest/scratch.ts";
import { MARKER_NAME } from "../../../lib/checkpoints/s3/scratch/marker.ts";
import { type FoundMarker, markerText } from "../../../lib/checkpoint/scratch_marker.ts";

export interface Asked {
  method: string;
  /** Below `/v1/BRANCH`, or below `/iceberg` where there is no branch. */
  path: string;
  // deno-lint-ignore no-explicit-any
  body: any;
  headers: Record<string, string>;
}

/** What to answer instead; undefined: what is right. `right` carries it out. */
export type Spoil = (asked: Asked, right: () => CatalogReply) => CatalogReply | undefined;

// deno-lint-ignore no-explicit-any
type Json = any;
type Thing = { kind: "namespace" | "table" | "view"; properties: Json; metadata?: Json; file?: string };

const BUCKET = "warehouse";
const uuid = () => crypto.randomUUID();

export interface Fake {
  rest: Pick<IcebergRest, "send" | "at">;
  objects: Objects;
  /** `bucket/key` of all that was written. */
  files: Set<string>;
  /** Of `bucket/prefix`. */
  markers: Map<string, FoundMarker>;
  asked: Asked[];
}

export function fakeIceberg(spoil: Spoil = () => undefined): Fake {
  const things = new Map<string, Thing>();
  const history = new Map<string, Map<string, Thing>>();
  const files = new Set<string>();
  const asked: Asked[] = [];
  const markers = new Map<string, FoundMarker>();
  const catalog = catalogOf(things, history, files);
  const at = (path: string) => `/v1/BRANCH${path}`;
  return {
    files,
    asked,
    rest: {
      at,
      send(method, path, body, headers = {}) {
        const one: Asked = { method, path: path.replace(/^\/v1\/BRANCH/, ""), body, headers };
        asked.push(one);
        const right = () => structuredReply(catalog(one));
        return Promise.resolve(spoil(one, right) ?? right());
      },
    },
    objects: {
      exists: (bucket, key) => Promise.resolve(files.has(`${bucket}/${key}`)),
      list: (bucket, prefix) =>
        Promise.resolve(
          [...files].filter((file) => file.startsWith(`${bucket}/${prefix}`)).map((file) =>
            file.slice(bucket.length + 1)
          ),
        ),
      empty({ bucket, prefix }) {
        for (const file of files) if (file.startsWith(`${bucket}/${prefix}`)) files.delete(file);
        return Promise.resolve();
      },
      mark(scratch, { bucket, prefix }) {
        const text = markerText(scratch.id, "here", scratch.leaseMs());
        markers.set(`${bucket}/${prefix}`, { text, ageMs: 0 });
        files.add(`${bucket}/${prefix}${MARKER_NAME}`);
        return Promise.resolve(undefined);
      },
      marker: ({ bucket, prefix }) => Promise.resolve(markers.get(`${bucket}/${prefix}`)),
    },
    markers,
  };
}

/** What was answered is not what is kept. */
function structuredReply(one: CatalogReply): CatalogReply {
  return { ...one, body: structuredClone(one.body) };
}

const SEP = "\u001f";

function catalogOf(things: Map<string, Thing>, history: Map<string, Map<string, Thing>>, files: Set<string>) {
  let commits = 0;
  const keep = () => {
    const hash = `c${++commits}`;
    history.set(hash, structuredClone(things));
    return hash;
  };
  const missingSpace = (key: string) => problem(404, "NoSuchNamespaceException", `no ${key}`);
  const write = (key: string, kind: Thing["kind"], metadata: Json) => {
    const file = `${metadata.location}/metadata/${uuid()}.metadata.json`;
    files.add(file.replace("s3://", ""));
    things.set(key, { kind, properties: {}, metadata, file });
    metadata.properties["nessie.commit.id"] = `c${commits + 1}`;
    keep();
    return { "metadata-location": file, metadata, config: {} };
  };
  const fresh = (key: string, { schema, properties, ...more }: Json): Json => ({
    "format-version": Number(properties?.["format-version"] ?? 2),
    "table-uuid": uuid(),
    location: more.location ?? `s3://${BUCKET}/${key.replaceAll(SEP, "/")}_${uuid()}`,
    "last-column-id": 2,
    "last-partition-id": 999 + (more["partition-spec"]?.fields.length ?? 0),
    schemas: [schema],
    "current-schema-id": 0,
    "partition-specs": [more["partition-spec"] ?? { "spec-id": 0, fields: [] }],
    "default-spec-id": 0,
    "sort-orders": [more["write-order"] ?? { "order-id": 0, fields: [] }],
    "default-sort-order-id": more["write-order"]?.["order-id"] ?? 0,
    properties: { ...properties },
    "current-snapshot-id": -1,
    refs: {},
    snapshots: [],
  });

  function createTable(space: string, body: Json): CatalogReply {
    const key = `${space}${SEP}${body.name}`;
    if (!things.has(space)) return missingSpace(space);
    if (things.has(key)) return problem(409, "AlreadyExistsException");
    const metadata = fresh(key, body);
    if (body["stage-create"]) return reply(200, { metadata, config: {} });
    return reply(200, write(key, "table", metadata));
  }

  function commitTable(key: string, { requirements, updates }: Json, dry = false): CatalogReply {
    const old = things.get(key);
    const creates = requirements.some((one: Json) => one.type === "assert-create");
    if (!old && !creates) return problem(404, "NoSuchTableException");
    const base = old?.metadata ?? fresh(key, { schema: {} });
    for (const one of requirements) {
      const bad = broken(one, base, old !== undefined);
      if (bad) return bad;
    }
    const metadata = structuredClone(base);
    for (const one of updates) if (!applied(one, metadata)) return problem(400, "BadRequestException");
    return reply(200, dry ? {} : write(key, "table", metadata));
  }

  function rename(kind: Thing["kind"], { source, destination }: Json): CatalogReply {
    const [from, to] = [source, destination].map((one: Json) => [...one.namespace, one.name].join(SEP));
    const thing = things.get(from ?? "");
    if (thing?.kind !== kind) return problem(404, "NoSuchTableException");
    if (!things.has(destination.namespace.join(SEP))) return missingSpace("");
    if (things.has(to ?? "")) return problem(409, "AlreadyExistsException");
    things.delete(from ?? "");
    things.set(to ?? "", thing);
    return reply(204);
  }

  function spaces({ method, body }: Asked, query: URLSearchParams): CatalogReply {
    if (method === "POST") {
      const key = body.namespace.join(SEP);
      const parent = body.namespace.slice(0, -1).join(SEP);
      if (things.has(key)) return problem(409, "AlreadyExistsException");
      if (parent && !things.has(parent)) return missingSpace(parent);
      things.set(key, { kind: "namespace", properties: { ...body.properties } });
      return reply(200, { namespace: body.namespace, properties: body.properties ?? {} });
    }
    return reply(200, {
      namespaces: below(query.get("parent") ?? "", "namespace").map((key) => key.split(SEP)),
    });
  }

  const below = (space: string, kind: Thing["kind"]) =>
    [...things].filter(([key, thing]) =>
      thing.kind === kind && key.split(SEP).slice(0, -1).join(SEP) === space
    ).map(([key]) => key);

  function space(key: string, { method }: Asked): CatalogReply {
    const thing = things.get(key);
    if (thing?.kind !== "namespace") return missingSpace(key);
    if (method !== "DELETE") {
      const location = `s3://${BUCKET}/${key.replaceAll(SEP, "/")}/`;
      return reply(200, { namespace: key.split(SEP), properties: { ...thing.properties, location } });
    }
    if ([...things.keys()].some((one) => one.startsWith(`${key}${SEP}`))) {
      return problem(409, "NamespaceNotEmptyException");
    }
    things.delete(key);
    return reply(204);
  }

  function change(key: string, { updates = {}, removals = [] }: Json): CatalogReply {
    const thing = things.get(key);
    if (!thing) return missingSpace(key);
    if (removals.some((one: string) => one in updates)) return problem(422, "UnprocessableEntityException");
    const removed = removals.filter((one: string) => one in thing.properties);
    for (const one of removed) delete thing.properties[one];
    Object.assign(thing.properties, updates);
    const missing = removals.filter((one: string) => !removed.includes(one));
    return reply(200, { updated: Object.keys(updates), removed, missing });
  }

  function listed(key: string, kind: "table" | "view", query: URLSearchParams): CatalogReply {
    if (!things.has(key)) return missingSpace(key);
    const all = below(key, kind).toSorted();
    const from = Number(query.get("pageToken") ?? 0);
    const size = Number(query.get("pageSize") ?? all.length);
    const identifiers = all.slice(from, from + size).map((one) => ({
      namespace: one.split(SEP).slice(0, -1),
      name: one.split(SEP).at(-1),
    }));
    return reply(200, { identifiers, "next-page-token": from + size < all.length ? `${from + size}` : null });
  }

  function table(key: string, one: Asked, query: URLSearchParams, from = things): CatalogReply {
    if (one.method === "POST") return commitTable(key, one.body);
    const thing = from.get(key);
    if (thing?.kind !== "table") return problem(404, "NoSuchTableException");
    if (one.method === "DELETE") {
      things.delete(key);
      if (query.get("purgeRequested") === "true") files.delete((thing.file ?? "").replace("s3://", ""));
      return reply(204);
    }
    return reply(200, { "metadata-location": thing.file, metadata: thing.metadata, config: configFor(one) });
  }

  function views(key: string, one: Asked): CatalogReply {
    const thing = things.get(key);
    if (one.method === "POST") {
      if (thing?.kind !== "view") return problem(404, "NoSuchViewException");
      const bad = one.body.requirements.some((r: Json) => r.uuid !== thing.metadata["view-uuid"]);
      if (bad) return problem(409, "CommitFailedException");
      const { "view-version": next } = one.body.updates[0];
      thing.metadata.versions.push(next);
      thing.metadata["current-version-id"] = next["version-id"];
      return reply(200, { metadata: thing.metadata });
    }
    if (thing?.kind !== "view") return problem(404, "NoSuchViewException");
    if (one.method === "DELETE") things.delete(key);
    return one.method === "DELETE" ? reply(204) : reply(200, { metadata: thing.metadata });
  }

  function createView(space: string, { name, "view-version": version }: Json): CatalogReply {
    const key = `${space}${SEP}${name}`;
    if (things.has(key)) return problem(409, "AlreadyExistsException");
    const location = `s3://${BUCKET}/${key.replaceAll(SEP, "/")}`;
    const metadata = {
      "view-uuid": uuid(),
      location,
      "current-version-id": version["version-id"],
      versions: [version],
      properties: {},
    };
    return reply(200, write(key, "view", metadata));
  }

  function register(space: string, { name, "metadata-location": file }: Json): CatalogReply {
    const key = `${space}${SEP}${name}`;
    if (things.has(key)) return problem(409, "AlreadyExistsException");
    if (!files.has(file.replace("s3://", ""))) return problem(404, "NotFoundException");
    const old = [...history.values()].flatMap((then) => [...then.values()]).find((one) => one.file === file);
    things.set(key, { kind: "table", properties: {}, metadata: structuredClone(old?.metadata), file });
    return reply(200, { metadata: old?.metadata });
  }

  function transact({ "table-changes": changes }: Json): CatalogReply {
    const keyed = changes.map((
      one: Json,
    ) => [[...one.identifier.namespace, one.identifier.name].join(SEP), one]);
    for (const [key, one] of keyed) {
      const tried = commitTable(key, one, true);
      if (tried.status >= 300) return tried;
    }
    for (const [key, one] of keyed) commitTable(key, one);
    return reply(204);
  }

  return (one: Asked): CatalogReply => {
    const url = new URL(one.path, "http://fake");
    const past = /^\/v1\/BRANCH(?:%40|@)(c\d+)(?:%7Cwh)?(\/.*)$/.exec(url.pathname);
    const path = past?.[2] ?? url.pathname;
    if (path === "/v1/config") return reply(200, { defaults: {}, overrides: {}, endpoints: ENDPOINTS });
    if (path === "/sign") {
      const good = /lakecheck_scratch/.test(one.body.uri);
      return good
        ? reply(200, { headers: { Authorization: ["x"] } })
        : problem(403, "NotAuthorizedException");
    }
    const [, , encoded, what, name, more] = path.split("/").map(decodeURIComponent);
    const key = encoded ?? "";
    const from = past ? history.get(past[1] ?? "") : undefined;
    if (path === "/transactions/commit") return transact(one.body);
    if (path === "/tables/rename") return rename("table", one.body);
    if (path === "/views/rename") return rename("view", one.body);
    if (path === "/namespaces") return spaces(one, url.searchParams);
    if (what === undefined) return space(key, one);
    if (what === "properties") return change(key, one.body);
    if (what === "register") return register(key, one.body);
    if (name === undefined && one.method === "POST") {
      return what === "tables" ? createTable(key, one.body) : createView(key, one.body);
    }
    if (name === undefined) return listed(key, what === "tables" ? "table" : "view", url.searchParams);
    if (more !== undefined) return reply(more === "metrics" ? 204 : 200, more === "metrics" ? undefined : {});
    const thing = `${key}${SEP}${name}`;
    return what === "tables" ? table(thing, one, url.searchParams, from) : views(thing, one);
  };
}

function configFor({ headers }: Asked): Record<string, string> {
  const wish = headers["X-Iceberg-Access-Delegation"];
  if (wish === "vended-credentials") {
    return { "s3.access-key-id": "lent", "s3.secret-access-key": "hush-hush-hush", "s3.session-token": "t" };
  }
  if (wish !== "remote-signing") return {};
  return { "s3.remote-signing-enabled": "true", "s3.signer.endpoint": "sign", "s3.endpoint": "http://store" };
}

const IN = "/v1/{prefix}/namespaces";
export const ENDPOINTS = [
  `GET ${IN}`,
  `POST ${IN}`,
  `GET ${IN}/{namespace}`,
  `HEAD ${IN}/{namespace}`,
  `DELETE ${IN}/{namespace}`,
  `GET ${IN}/{namespace}/tables`,
  `POST ${IN}/{namespace}/tables`,
];
