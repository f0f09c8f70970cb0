/** Catalogs other than Nessie: what they answer where they speak Iceberg REST. */
import { type Judgement, type ProbeSource, refText, type World } from "../../engine/model.ts";
import { messageText, obj, via } from "../../engine/decode.ts";
import { ALL_ROLES } from "../../platform/mod.ts";
import { own } from "../../untrusted/lookup.ts";
import { perWorld } from "../common/mod.ts";
import {
  endpointSlices,
  endpointsOf,
  type HttpPort,
  portOf,
  proxyPath,
  services,
} from "../kubernetes/mod.ts";
import { logsOf, type Part, PART_SOURCES, partsOf } from "../workloads/mod.ts";
import { unreached, whileChanging } from "./answers.ts";

/** A catalog that its project says to speak Iceberg REST. */
export interface RestCatalog extends Part {
  title: string;
  /** Of its configuration, from the root of its server. */
  path: string;
  /** What it listens on by default. */
  number: number;
  api?: HttpPort;
}

/** Those that are there; of one that is missing, nobody can be asked. */
export const restCatalogs = perWorld((world): RestCatalog[] =>
  ALL_ROLES.flatMap(([role, { otherCatalog, icebergRest }]) => {
    if (otherCatalog === undefined || icebergRest === undefined) return [];
    return partsOf(world, role).filter(({ object }) => object !== undefined).map((part): RestCatalog => {
      const signs = { names: [], numbers: [icebergRest.port] };
      const api = portOf(part.services, signs, part.object?.spec?.template?.spec);
      return {
        ...part,
        service: api?.service ?? part.service,
        title: otherCatalog,
        path: icebergRest.path,
        number: icebergRest.port,
        api,
      };
    });
  })
);

const answerOf = ({ workload }: RestCatalog) => `config of ${refText(workload)}`;

/**
 * What it answered: its configuration, or that a warehouse must be named. Lakekeeper, Polaris and Unity Catalog answer
 * 400 without one, in words of their own that all hold this one. The configuration itself is not kept.
 */
type Said = "configuration" | "names no warehouse";

/** Answers of `/v1/config` of the Iceberg REST specification, through the API server's service proxy. */
export const icebergConfig: ProbeSource<Said> = {
  id: "catalog.iceberg-config",
  after: [...PART_SOURCES, endpointSlices],
  targets: (world) =>
    Object.fromEntries(
      restCatalogs(world).flatMap((catalog) => {
        const found = proxyPath(world, catalog.api, catalog.path);
        return found ? [[answerOf(catalog), found]] : [];
      }),
    ),
  read: via(
    obj({ defaults: obj({}), overrides: obj({}), error: obj({ message: messageText }) }),
    ({ defaults, overrides, error }): Said | undefined => {
      if (defaults || overrides) return "configuration";
      return /warehouse/i.test(error?.message ?? "") ? "names no warehouse" : undefined;
    },
  ),
};

/** What the API of such a catalog says. */
export function judgeRest(catalog: RestCatalog, world: World): Judgement {
  const { title, path } = catalog;
  const failure = world.failure(icebergConfig);
  if (failure) {
    const message = `${title} could not be asked: ${failure.message}`;
    return { status: "unknown", reason: "NotReadable", message, unread: icebergConfig.id };
  }
  const answer = own(world.answers(icebergConfig), answerOf(catalog));
  if (!answer) return unasked(catalog, world);
  const { status, body } = answer;
  const base = {
    observed: `HTTP ${status}`,
    expected: "HTTP 200, 400, 401 or 403",
    evidence: `GET ${path}`,
  };
  const answers = answerText(status, body);
  if (answers) return { ...base, status: "ok", reason: "Answers", message: `${title} ${answers}` };
  const changing = whileChanging(title, status, world);
  if (changing) return { ...base, ...changing };
  const next = [logsOf(catalog)];
  if (status >= 500) {
    const reason = status === 503 ? "NoAnswer" : "ErrorAnswer";
    return { ...base, status: "critical", reason, message: `${title} answers HTTP ${status}`, next };
  }
  const message =
    `${title} answers HTTP ${status} without what Iceberg REST says at ${path}, so it is not known ` +
    "whether it serves tables";
  return { ...base, status: "unknown", reason: "NotUnderstood", message, next };
}

/** What an answer of one that works says; undefined for every other answer. */
function answerText(status: number, body: Said | undefined): string | undefined {
  if (status === 200 && body === "configuration") return "answers with its configuration";
  if (status === 400 && body === "names no warehouse") return "answers, and wants a warehouse to be named";
  return status === 401 || status === 403 ? "answers, and wants a login" : undefined;
}

/** Its Service is missing, leads elsewhere or to nobody, or these facts are older than the question. */
function unasked(catalog: RestCatalog, world: World): Judgement {
  const { service: { namespace = "", name }, title, number, api } = catalog;
  const there = world.get(services, namespace, name) !== undefined;
  if (!there || (api && endpointsOf(world, namespace, name).ready === 0)) {
    return unreached(catalog, title, world);
  }
  const message = api
    ? `${title} was not asked through the API server, so it is judged as a workload alone`
    : `${
      refText(catalog.service)
    } has no port that leads to ${number}, where ${title} speaks Iceberg REST, so it is ` +
      "judged as a workload alone";
  return { status: "skipped", reason: "NotAsked", message };
}
