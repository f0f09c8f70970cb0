/** The catalog: the pods, the API and the warehouse of Nessie, and what another one answers. */
import { refText } from "../../engine/model.ts";
import { are } from "../../engine/sentence.ts";
import {
  type Check,
  type Component,
  type Edge,
  type Judgement,
  type ObjectJudgement,
  type ObjectRef,
  type ProbeSource,
  type World,
} from "../../engine/model.ts";
import { list, num, obj, str } from "../../engine/decode.ts";
import { perWorld, refOf, SERVICE_ERRORS } from "../common/mod.ts";
import {
  bucketOfHost,
  declaredHome,
  endpointSlices,
  hostsNamed,
  type HttpPort,
  otherCatalogs,
  portOf,
  type PortSigns,
  proxyPath,
  serviceOfHost,
  services,
  wantsOf,
} from "../kubernetes/mod.ts";
import {
  listingOf,
  logsOf,
  namespacesOfParts,
  noneFound,
  type Part,
  PART_SOURCES,
  partsOf,
  roleCheck,
} from "../workloads/mod.ts";
import { databasesNamed } from "../postgresql/mod.ts";
import { cephClusters, ownersOfBucket } from "../rook_ceph/mod.ts";
import { own } from "../../untrusted/lookup.ts";
import { icebergConfig, judgeRest, restCatalogs } from "./iceberg_rest.ts";
import { unreached, whileChanging } from "./answers.ts";

const ROLE = { role: "nessie", component: "nessie", title: "Nessie", core: true, within: "catalog" } as const;
const API: PortSigns = { names: ["nessie-http", "nessie-https"], numbers: [19120] };
/** Of Services that are known to be a catalog's, on whatever number its owner has put the API. */
const HTTP: PortSigns = { names: ["http", "https"], numbers: [] };
const MANAGEMENT: PortSigns = { names: ["nessie-mgmt", "management"], numbers: [9000] };

/** A Nessie that was found, or that something wants. */
export interface Catalog extends Part {
  /** Behind the name of each of its answers; empty for the first catalog. */
  suffix: string;
  api?: HttpPort;
  /** The published chart has a Service of its own for it. */
  management?: HttpPort;
  warehouse: ObjectRef;
}

/** Those of the platform; none where its catalog is another one. */
export const catalogs = perWorld((world): Catalog[] =>
  partsOf(world, ROLE.role).map((part, i): Catalog => {
    const { namespace, name } = part.workload;
    const spec = part.object?.spec?.template?.spec;
    const api = portOf(part.services, API, spec) ?? portOf(part.services, HTTP, spec);
    const [front] = part.services.filter((service) => !portOf([service], MANAGEMENT, spec));
    return {
      ...part,
      service: api?.service ?? (front ? refOf("Service", front) : { ...part.workload, kind: "Service" }),
      suffix: i === 0 ? "" : ` of ${namespace}/${name}`,
      api,
      management: portOf(part.services, MANAGEMENT, spec),
      warehouse: {
        kind: "Warehouse",
        name: `default warehouse of ${i === 0 ? name : `${namespace}/${name}`}`,
      },
    };
  })
);

type Asked = [answer: string, at: HttpPort | undefined, path: string];

function targets(world: World, asked: (catalog: Catalog) => Asked[]): Record<string, string> {
  const all = catalogs(world).flatMap((catalog) =>
    asked(catalog).flatMap(([answer, at, path]) => {
      const found = proxyPath(world, at, path);
      return found ? [[answer + catalog.suffix, found]] : [];
    })
  );
  return Object.fromEntries(all);
}

/** What tells where a catalog is. */
const PLACES = [...PART_SOURCES, endpointSlices];

/** Answers of Nessie's API, through the API server's service proxy. */
export const nessieApi: ProbeSource<
  { defaultBranch?: string; maxSupportedApiVersion?: number; specVersion?: string }
> = {
  id: "nessie.api",
  after: PLACES,
  targets: (world) => targets(world, ({ api }) => [["config", api, "/api/v2/config"]]),
  read: obj({ defaultBranch: str, maxSupportedApiVersion: num, specVersion: str }),
};

/** What the catalog says of its default warehouse, and its own health by parts. */
export const nessieHealth: ProbeSource<{ status?: string; checks?: { name?: string; status?: string }[] }> = {
  id: "nessie.health",
  after: PLACES,
  targets: (world) =>
    targets(world, ({ api, management }) => [
      ["iceberg", api, "/iceberg/v1/config"],
      ["health", management, "/q/health"],
    ]),
  read: obj({ status: str, checks: list(obj({ name: str, status: str })) }),
};

/** No answer was asked for: the Service is missing or has no ready endpoints. */
function unasked(catalog: Catalog, world: World): Judgement {
  const { service, api } = catalog;
  const there = world.get(services, service.namespace, service.name);
  if (!there || api) return unreached(catalog, "Nessie", world);
  return {
    status: "critical",
    reason: "NoPort",
    message: `${refText(service)} has no port that leads to Nessie's API, so Nessie cannot be reached`,
    observed: `ports ${(there.spec?.ports ?? []).map(({ port }) => port).join(", ") || "none"}`,
    expected: `a port that leads to ${API.numbers.join(", ")}`,
    evidence: "spec.ports",
    next: [listingOf(catalog)],
  };
}

const apiCheck: Check = {
  id: "nessie.api-answers",
  title: "Catalog API",
  explain:
    "GET /api/v2/config of Nessie answers 200 with a default branch. A catalog with an empty main branch is healthy. " +
    "Another catalog that speaks Iceberg REST answers GET /v1/config with its configuration, or asks for a login or a " +
    "warehouse.",
  needs: [services, endpointSlices, nessieApi],
  object: (world) =>
    [...catalogs(world), ...restCatalogs(world)][0]?.service ?? { kind: "Service", name: "*" },
  run(world) {
    const all = [
      ...catalogs(world).map((catalog) => ({ object: catalog.service, ...judgeApi(catalog, world) })),
      ...restCatalogs(world).map((catalog) => ({ object: catalog.service, ...judgeRest(catalog, world) })),
    ];
    return all.length > 0 ? all : [nothingToAsk("Service", world)];
  },
};

const nessiePods = roleCheck(ROLE);

/** Another catalog is judged as every workload is; without any, nothing can be said of the lakehouse. */
const podsCheck: Check = {
  ...nessiePods,
  run(world) {
    const [other] = otherCatalogs(world);
    if (!other || catalogs(world).length > 0) return nessiePods.run(world);
    const message = `The catalog here is ${other.title}, ${
      refText(other.ref)
    }, which is judged as a workload`;
    return [{ object: other.ref, status: "skipped", reason: "OtherCatalog", message }];
  },
};

/** Where there is no catalog: the check of its workload says so. */
function nothingToAsk(kind: string, world: World): ObjectJudgement {
  return { ...noneFound({ ...ROLE, core: undefined }, world), object: { kind, name: "*" } };
}

function judgeApi(catalog: Catalog, world: World): Judgement {
  const answer = own(world.answers(nessieApi), `config${catalog.suffix}`);
  if (!answer) return unasked(catalog, world);
  const base = { observed: `HTTP ${answer.status}`, expected: "HTTP 200", evidence: "GET /api/v2/config" };
  if (answer.status === 200 && answer.body?.defaultBranch) {
    const { specVersion, defaultBranch } = answer.body;
    const message = `Nessie's API answers (spec ${
      specVersion ?? "unknown"
    }, default branch ${defaultBranch})`;
    return { ...base, status: "ok", reason: "Answers", message };
  }
  const changing = whileChanging("Nessie", answer.status, world);
  if (changing) return { ...base, ...changing };
  const message = answer.status === 200
    ? "Nessie's API answers HTTP 200 without a default branch, as no Nessie does"
    : `Nessie's API answers HTTP ${answer.status}`;
  const reason = answer.status === 503 ? "NoAnswer" : "ErrorAnswer";
  return { ...base, status: "critical", reason, message, next: [logsOf(catalog)] };
}

const warehouseCheck: Check = {
  id: "nessie.warehouse-up",
  title: "Nessie warehouse",
  explain:
    "GET /iceberg/v1/config answers 200 and no part of /q/health is DOWN: the object store answers with the " +
    "credentials that Nessie has, and the database is reachable. A running pod says nothing of either.",
  needs: [services, endpointSlices, nessieHealth],
  object: (world) => catalogs(world)[0]?.warehouse ?? { kind: "Warehouse", name: "*" },
  run(world) {
    const all = catalogs(world);
    if (all.length === 0) return [nothingToAsk("Warehouse", world)];
    return all.map((catalog) => ({ object: catalog.warehouse, ...judgeWarehouse(catalog, world) }));
  },
};

function judgeWarehouse(catalog: Catalog, world: World): Judgement {
  const answers = world.answers(nessieHealth);
  const iceberg = own(answers, `iceberg${catalog.suffix}`);
  const health = own(answers, `health${catalog.suffix}`);
  if (!iceberg && !health) return { ...unasked(catalog, world), reason: "NoAnswer" };
  const down = (health?.body?.checks ?? []).filter((part) => part.status === "DOWN").map((part) => part.name);
  const observed = `/iceberg/v1/config ${httpText(iceberg?.status)}, /q/health ${
    health?.body?.status ?? httpText(health?.status)
  }`;
  const base = {
    observed,
    expected: "HTTP 200 and UP",
    evidence: `GET /iceberg/v1/config, GET :${catalog.management?.port ?? 9000}/q/health`,
  };
  if (iceberg?.status === 200 && down.length === 0 && (!health || health.status === 200)) {
    return { ...base, status: "ok", reason: "Up", message: "Nessie serves its warehouse" };
  }
  const changing = whileChanging("Nessie", Math.max(iceberg?.status ?? 0, health?.status ?? 0), world);
  if (changing) return { ...base, ...changing };
  const unreachable = iceberg?.status === 503 && !health?.body;
  return {
    ...base,
    status: "critical",
    reason: unreachable ? "NoAnswer" : "WarehouseDown",
    message: down.length > 0
      ? `Nessie reports that ${down.join(", ")} ${are(down.length)} down`
      : `Nessie does not serve its warehouse (${observed})`,
    next: [logsOf(catalog)],
  };
}

const httpText = (status: number | undefined): string =>
  status === undefined ? "no answer" : `HTTP ${status}`;

/** A warehouse needs the catalog, and the Services and buckets that the catalog's configuration names. */
function warehouseEdges({ service, workload, object, warehouse }: Catalog, world: World): Edge[] {
  const edges: Edge[] = [{
    from: warehouse,
    to: service,
    via: "served by",
    explains: ["NoAnswer", "Missing", "WarehouseDown"],
    because: SERVICE_ERRORS,
  }];
  edges.push({ from: service, to: workload, via: "served by", explains: [...SERVICE_ERRORS] });
  const namespace = workload.namespace ?? "";
  const spec = object?.spec?.template?.spec;
  // Its health asks the object store, and gets no answer in time when that gets none from its disks.
  const explains = ["WarehouseDown", "Timeout"];
  for (const { host, via } of hostsNamed(spec, namespace, world)) {
    const to = serviceOfHost(host, namespace, world);
    if (to) edges.push({ from: warehouse, to, via, explains, because: SERVICE_ERRORS });
    for (const ceph of world.list(cephClusters).filter((one) => one.metadata?.namespace === to?.namespace)) {
      edges.push({
        from: warehouse,
        to: refOf("CephCluster", ceph),
        via: "object store",
        explains: ["Timeout"],
        inferred: true,
      });
    }
    const bucket = bucketOfHost(host);
    if (bucket) edges.push({ from: warehouse, to: { kind: "S3Bucket", name: bucket }, via, explains });
    // Without its owner nobody has keys for it.
    for (const owner of bucket ? ownersOfBucket(bucket, world) : []) {
      edges.push({
        from: warehouse,
        to: owner,
        via: `owns bucket ${bucket}`,
        explains,
        because: ["Missing", "UserNotReady"],
        inferred: true,
        optional: true,
      });
    }
  }
  for (const { kind, name, via } of wantsOf(spec)) {
    const to = { kind, namespace, name };
    edges.push({
      from: warehouse,
      to,
      via: `${workload.kind} ${workload.name}, ${via}`,
      explains,
      optional: true,
    });
  }
  return edges;
}

/** A catalog that answers with an error may do so because its database does not answer. */
function databaseEdges({ service, workload, object }: Part, world: World): Edge[] {
  const spec = object?.spec?.template?.spec;
  return databasesNamed(spec, workload.namespace ?? "", world).map(({ to, via }) => ({
    from: service,
    to,
    via: `database, ${via}`,
    explains: ["ErrorAnswer", "NoAnswer"],
    because: SERVICE_ERRORS,
  }));
}

export const nessie: Component = {
  name: "nessie",
  title: "Nessie catalog",
  dependsOn: ["postgresql", "s3-user", "rook-ceph", "external-secrets", "flux"],
  sources: [nessieApi, nessieHealth, icebergConfig],
  declaredHome,
  home: (world) => [
    ...namespacesOfParts(catalogs(world)),
    ...otherCatalogs(world).flatMap(({ ref }) => ref.namespace ?? []),
  ],
  namespaces: (world) => namespacesOfParts(catalogs(world)),
  kinds: [],
  checks: [podsCheck, apiCheck, warehouseCheck],
  edges: (world) => [
    ...catalogs(world).flatMap((catalog) => warehouseEdges(catalog, world)),
    ...[...catalogs(world), ...restCatalogs(world)].flatMap((part) => databaseEdges(part, world)),
  ],
};
