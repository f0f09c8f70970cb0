/** Spark: the operator, the history server, and the client where people type. */
import type { Check, Component, ObjectRef, ProbeSource, World } from "../../engine/model.ts";
import { refText } from "../../engine/model.ts";
import { present } from "../../engine/decode.ts";
import { endpointSlices, proxyTargets, services } from "../kubernetes/mod.ts";
import { SERVICE_ERRORS } from "../common/mod.ts";
import { requiredDeployment, serviceCheck } from "../workloads/mod.ts";
import { command } from "../../untrusted/shell.ts";

const HISTORY_PORT = 18080;

export const historyApi: ProbeSource<true> = {
  id: "spark-history-server.api",
  after: [services, endpointSlices],
  targets: (world) =>
    proxyTargets(world, {
      applications: ["spark-history-server", HISTORY_PORT, "/api/v1/applications?limit=1"],
    }),
  read: present,
};

const historyService = (world: World): ObjectRef => ({
  kind: "Service",
  namespace: world.namespace,
  name: "spark-history-server",
});

const historyCheck: Check = {
  id: "spark-history-server.api-answers",
  title: "Spark history server API",
  explain: "GET /api/v1/applications answers 200. No applications at all is normal on a new platform.",
  needs: [services, endpointSlices, historyApi],
  object: historyService,
  run(world) {
    const answer = world.answers(historyApi).applications;
    const base = {
      observed: answer ? `HTTP ${answer.status}` : "no answer",
      expected: "HTTP 200",
      evidence: "GET /api/v1/applications",
    };
    if (answer?.status === 200) {
      return [{ ...base, status: "ok", reason: "Answers", message: "The Spark history server answers" }];
    }
    const there = world.get(services, world.namespace, "spark-history-server");
    const nobody = there && !answer ? world.judge(serviceCheck, there) : undefined;
    const reason = !there ? "Missing" : !answer || answer.status === 503 ? "NoAnswer" : "ErrorAnswer";
    const messages = {
      Missing: `${refText(historyService(world))} does not exist`,
      NoAnswer: nobody
        ? `${refText(historyService(world))} ${nobody.message}, so the Spark history server cannot be reached`
        : "The Spark history server does not answer",
      ErrorAnswer: `The Spark history server answers HTTP ${answer?.status}`,
    };
    const next = [command`kubectl -n ${world.namespace} logs deploy/spark-history-server --tail=50`];
    return [{
      ...base,
      status: "critical",
      reason: nobody?.reason ?? reason,
      message: messages[reason],
      next,
    }];
  },
};

export const sparkOperator: Component = {
  name: "spark-operator",
  title: "Spark operator",
  dependsOn: ["flux", "nodes"],
  sources: [],
  namespaces: () => [],
  kinds: [],
  checks: [requiredDeployment("spark-operator")],
  edges: () => [],
};

export const sparkHistoryServer: Component = {
  name: "spark-history-server",
  title: "Spark history server",
  dependsOn: ["s3-user", "external-secrets", "flux"],
  sources: [historyApi],
  namespaces: () => [],
  kinds: [],
  checks: [requiredDeployment("spark-history-server"), historyCheck],
  edges: (world) => [{
    from: historyService(world),
    to: { kind: "Deployment", namespace: world.namespace, name: "spark-history-server" },
    via: "served by",
    explains: SERVICE_ERRORS,
  }],
};

export const sparkClient: Component = {
  name: "spark-client",
  title: "Spark client",
  dependsOn: ["nessie", "s3-user", "external-secrets", "flux"],
  sources: [],
  namespaces: () => [],
  kinds: [],
  checks: [requiredDeployment("spark-client")],
  edges: () => [],
};
