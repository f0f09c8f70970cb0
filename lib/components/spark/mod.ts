/** Spark: the operator, the history server, and the client where people type. */
import {
  type Check,
  type Component,
  type Judgement,
  type ProbeSource,
  refText,
  type World,
} from "../../engine/model.ts";
import { present } from "../../engine/decode.ts";
import { endpointSlices, portOf, type PortSigns, proxyPath, services } from "../kubernetes/mod.ts";
import { SERVICE_ERRORS } from "../common/mod.ts";
import {
  logsOf,
  namespacesOfParts,
  noneFound,
  type Part,
  PART_SOURCES,
  partsOf,
  roleCheck,
  serviceCheck,
} from "../workloads/mod.ts";
import { own } from "../../untrusted/lookup.ts";

const OPERATOR = { role: "spark-operator", component: "spark-operator", title: "Spark operator" } as const;
const HISTORY = {
  role: "spark-history-server",
  component: "spark-history-server",
  title: "Spark history server",
} as const;
const CLIENT = { role: "spark-client", component: "spark-client", title: "Spark client" } as const;
const HISTORY_API: PortSigns = { names: [], numbers: [18080] };
/** Of Services that are known to be a history server's, on whatever number its owner has put it. */
const HTTP: PortSigns = { names: ["http", "https"], numbers: [] };

const servers = (world: World): Part[] => partsOf(world, HISTORY.role);
/** The first server's answer has the plain name. */
const answerOf = ({ workload }: Part, i: number): string =>
  i === 0 ? "applications" : `applications of ${workload.namespace}/${workload.name}`;

export const historyApi: ProbeSource<true> = {
  id: "spark-history-server.api",
  after: [...PART_SOURCES, endpointSlices],
  targets: (world) =>
    Object.fromEntries(
      servers(world).flatMap((part, i) => {
        const path = proxyPath(
          world,
          portOf(part.services, HISTORY_API, part.object?.spec?.template?.spec) ??
            portOf(part.services, HTTP),
          "/api/v1/applications?limit=1",
        );
        return path ? [[answerOf(part, i), path]] : [];
      }),
    ),
  read: present,
};

const historyCheck: Check = {
  id: "spark-history-server.api-answers",
  title: "Spark history server API",
  explain: "GET /api/v1/applications answers 200. No applications at all is normal on a new platform.",
  needs: [services, endpointSlices, historyApi],
  object: (world) => servers(world)[0]?.service ?? { kind: "Service", name: "*" },
  run(world) {
    const all = servers(world);
    if (all.length === 0) return [{ ...noneFound(HISTORY, world), object: { kind: "Service", name: "*" } }];
    return all.map((part, i) => ({ object: part.service, ...judgeHistory(part, answerOf(part, i), world) }));
  },
};

function judgeHistory(part: Part, name: string, world: World): Judgement {
  const { service } = part;
  const answer = own(world.answers(historyApi), name);
  const base = {
    observed: answer ? `HTTP ${answer.status}` : "no answer",
    expected: "HTTP 200",
    evidence: "GET /api/v1/applications",
  };
  if (answer?.status === 200) {
    return { ...base, status: "ok", reason: "Answers", message: "The Spark history server answers" };
  }
  const there = world.get(services, service.namespace, service.name);
  const nobody = there && !answer ? world.judge(serviceCheck, there) : undefined;
  const reason = !there ? "Missing" : !answer || answer.status === 503 ? "NoAnswer" : "ErrorAnswer";
  const messages = {
    Missing: `${refText(service)} does not exist`,
    NoAnswer: nobody
      ? `${refText(service)} ${nobody.message}, so the Spark history server cannot be reached`
      : "The Spark history server does not answer",
    ErrorAnswer: `The Spark history server answers HTTP ${answer?.status}`,
  };
  return {
    ...base,
    status: "critical",
    reason: nobody?.reason ?? reason,
    message: messages[reason],
    next: [logsOf(part)],
  };
}

export const sparkOperator: Component = {
  name: OPERATOR.component,
  title: OPERATOR.title,
  dependsOn: ["flux", "nodes"],
  sources: [],
  home: (world) => namespacesOfParts(partsOf(world, OPERATOR.role)),
  namespaces: (world) => namespacesOfParts(partsOf(world, OPERATOR.role)),
  kinds: [],
  checks: [roleCheck(OPERATOR)],
  edges: () => [],
};

export const sparkHistoryServer: Component = {
  name: HISTORY.component,
  title: HISTORY.title,
  dependsOn: ["s3-user", "external-secrets", "flux"],
  sources: [historyApi],
  home: (world) => namespacesOfParts(servers(world)),
  namespaces: (world) => namespacesOfParts(servers(world)),
  kinds: [],
  checks: [roleCheck(HISTORY), historyCheck],
  edges: (world) =>
    servers(world).map(({ service, workload }) => ({
      from: service,
      to: workload,
      via: "served by",
      explains: SERVICE_ERRORS,
    })),
};

export const sparkClient: Component = {
  name: CLIENT.component,
  title: CLIENT.title,
  dependsOn: ["nessie", "s3-user", "external-secrets", "flux"],
  sources: [],
  home: (world) => namespacesOfParts(partsOf(world, CLIENT.role)),
  namespaces: (world) => namespacesOfParts(partsOf(world, CLIENT.role)),
  kinds: [],
  checks: [roleCheck(CLIENT)],
  edges: () => [],
};
