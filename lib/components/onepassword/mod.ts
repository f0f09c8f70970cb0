/** 1Password Connect: whether it answers, and whether it can read its vaults. */
import {
  type Check,
  type Component,
  type Edge,
  type Judgement,
  type ObjectRef,
  type ProbeSource,
  refText,
  type ShellCommand,
  type World,
} from "../../engine/model.ts";
import { list, messageText, obj, str } from "../../engine/decode.ts";
import {
  clusterSecretStores,
  externalSecrets,
  findStore,
  type SecretStore,
  secretStores,
  STORE_ERRORS,
  storesOf,
} from "../external_secrets/mod.ts";
import { matches, perWorld, refOf, SERVICE_ERRORS } from "../common/mod.ts";
import { makersShown } from "../gitops/mod.ts";
import {
  deployments,
  endpointSlices,
  endpointsOf,
  type HttpPort,
  operatorCheck,
  proxyPath,
  serviceOfHost,
  services,
} from "../kubernetes/mod.ts";
import { usualPart } from "../../platform/mod.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { command } from "../../untrusted/shell.ts";

const FALLBACK = usualPart("onepassword-connect", "Service");

function connectStores(world: World): SecretStore[] {
  return [...world.list(clusterSecretStores), ...world.list(secretStores)].filter((store) =>
    store.provider?.name === "onepassword"
  );
}

/** The Service that the first 1Password store asks; undefined when none does, or when it asks outside the cluster. */
const hostOf = perWorld((world): HttpPort | undefined => {
  for (const { provider, metadata } of connectStores(world)) {
    const service = provider?.host
      ? serviceOfHost(provider.host, metadata?.namespace ?? "", world)
      : undefined;
    if (!service || !provider?.host) continue;
    const secure = provider.secure === true;
    return { service, port: hostAndPort(provider.host).port ?? (secure ? 443 : 80), secure };
  }
  return undefined;
});

/** Without a store there is still Connect to look at, if it stands where it usually does. */
const placeOfConnect = perWorld((world): HttpPort | undefined => {
  const found = hostOf(world);
  if (found || connectStores(world).length > 0) return found;
  const usual = world.get(services, FALLBACK.namespace, FALLBACK.name);
  const port = usual?.spec?.ports?.[0]?.port;
  return port ? { service: FALLBACK, port, secure: false } : undefined;
});

/** Connect's API, as an object outside Kubernetes: its Service may be healthy while it is not. */
function apiOf(world: World): ObjectRef {
  const { namespace, name } = placeOfConnect(world)?.service ?? FALLBACK;
  return { kind: "OnePasswordConnect", name: `${namespace}/${name}` };
}

function ready(world: World, host: HttpPort): boolean {
  return endpointsOf(world, host.service.namespace ?? "", host.service.name).ready > 0;
}

function paths(world: World): Record<string, string> {
  const host = placeOfConnect(world);
  const [heartbeat, health] = ["/heartbeat", "/health"].map((path) => proxyPath(world, host, path));
  return heartbeat && health ? { heartbeat, health } : {};
}

/** Answers of Connect itself, through the API server's service proxy; `/heartbeat` has no body to decode. */
export const connectAnswers: ProbeSource<Health> = {
  id: "onepassword-connect.answers",
  after: [clusterSecretStores, secretStores, services, endpointSlices],
  targets: paths,
  read: obj({ version: str, dependencies: list(obj({ service: str, status: str, message: messageText })) }),
};
interface Health {
  version?: string;
  dependencies?: { service?: string; status?: string; message?: string }[];
}

/**
 * States of a healthy part, as 1.7 and its predecessors say it. `TOKEN_NEEDED`, `UNINITIALIZED` and `NOT_SYNCED`
 * only say that nobody has asked with a token yet.
 */
const HEALTHY = new Set([
  "ACTIVE",
  "AVAILABLE",
  "OK",
  "READY",
  "TOKEN_NEEDED",
  "UNINITIALIZED",
  "NOT_SYNCED",
]);

/** Why there is nothing to ask; undefined when there is. */
function unasked(world: World): Judgement[] | undefined {
  const host = placeOfConnect(world);
  if (!host) {
    const message = connectStores(world).length > 0
      ? "The stores use a 1Password Connect outside this cluster, which only they can reach"
      : "No store of this cluster reads 1Password Connect";
    return [{ status: "skipped", reason: "NotHere", message }];
  }
  const { namespace, name } = host.service;
  const there = world.get(services, namespace, name);
  if (there && ready(world, host)) return undefined;
  return [{
    status: "critical",
    reason: "NoAnswer",
    message: there
      ? `1Password Connect cannot be reached because Service ${namespace}/${name} has no ready endpoints`
      : `1Password Connect cannot be reached because Service ${namespace}/${name}, which the stores name, does not exist`,
    observed: there ? "0 ready endpoints" : "absent",
    expected: "HTTP 200",
    evidence: "GET /api/v1/services, EndpointSlices",
    next: [
      command`kubectl -n ${namespace} get deployments,pods,services`,
      ...makersShown(world),
    ],
  }];
}

function logs(world: World, container: string): ShellCommand {
  const { namespace, name } = placeOfConnect(world)?.service ?? FALLBACK;
  return command`kubectl -n ${namespace} logs deploy/${name} -c ${container} --tail=50`;
}

const heartbeatCheck: Check = {
  id: "onepassword-connect.heartbeat",
  title: "1Password Connect answers",
  explain:
    "GET /heartbeat of the Connect server that the stores name answers 200. Asked through the API server's service proxy.",
  needs: [clusterSecretStores, services, endpointSlices, connectAnswers],
  object: apiOf,
  run(world) {
    const nothing = unasked(world);
    if (nothing) return nothing;
    const status = world.answers(connectAnswers).heartbeat?.status;
    const base = {
      observed: status === undefined ? "no answer" : `HTTP ${status}`,
      expected: "HTTP 200",
      evidence: "GET /heartbeat",
    };
    if (status === 200) {
      return [{ ...base, status: "ok", reason: "Answers", message: "1Password Connect answers" }];
    }
    const reason = status === undefined || status === 503 ? "NoAnswer" : "ErrorAnswer";
    const message = status === undefined
      ? "1Password Connect does not answer"
      : `1Password Connect answers HTTP ${status} to its heartbeat`;
    return [{ ...base, status: "critical", reason, message, next: [logs(world, "connect-api")] }];
  },
};

const healthCheck: Check = {
  id: "onepassword-connect.health",
  title: "1Password Connect's parts",
  explain:
    "GET /health of Connect answers 200 and none of its parts (database, sync) has failed. TOKEN_NEEDED is healthy, since nobody " +
    "has asked for a secret yet. Connect runs on with wrong credentials; only its sync says so.",
  needs: [clusterSecretStores, services, endpointSlices, connectAnswers],
  object: apiOf,
  run(world) {
    if (unasked(world)) {
      return [{
        status: "skipped",
        reason: "NotAsked",
        message: "1Password Connect cannot be reached, as its heartbeat shows",
      }];
    }
    const answer = world.answers(connectAnswers).health;
    const parts = answer?.body?.dependencies ?? [];
    const failed = parts.filter(({ status }) => !HEALTHY.has(status ?? ""));
    const told = parts.map(({ service, status }) => `${service} ${status}`).join(", ");
    const base = {
      observed: `${answer ? `HTTP ${answer.status}` : "no answer"}${told ? `: ${told}` : ""}`,
      expected: "HTTP 200, every part ACTIVE",
      evidence: "GET /health",
    };
    if (answer?.status === 200 && failed.length === 0) {
      return [{
        ...base,
        status: "ok",
        reason: "Healthy",
        message: told
          ? `All parts of 1Password Connect are healthy (${told})`
          : "1Password Connect names no parts",
      }];
    }
    const why = failed.map(({ service, status, message }) =>
      `${service} is ${status}${message ? ` (${message})` : ""}`
    );
    const message = why.length > 0
      ? `1Password Connect runs, but ${why.join(", ")}`
      : answer
      ? `1Password Connect answers HTTP ${answer.status} to /health`
      : "1Password Connect does not answer to /health";
    const next = [logs(world, "connect-sync"), logs(world, "connect-api")];
    return [{ ...base, status: "critical", reason: "ErrorAnswer", message, next }];
  },
};

/** The Service that the stores ask, present or absent; undefined when none asks one in the cluster. */
export function serviceOfConnect(world: World): ObjectRef | undefined {
  return placeOfConnect(world)?.service;
}

/** The Deployments behind the Service that the stores ask. */
export function runnersOfConnect(world: World): ObjectRef[] {
  const { namespace, name } = serviceOfConnect(world) ?? FALLBACK;
  const selector = world.get(services, namespace, name)?.spec?.selector;
  return world.list(deployments).filter((object) =>
    object.metadata?.namespace === namespace && matches(selector, object.spec?.template?.metadata?.labels)
  ).map((object) => refOf("Deployment", object));
}

function usualRunner(world: World): ObjectRef {
  return { ...serviceOfConnect(world) ?? FALLBACK, kind: "Deployment" };
}

/** Every 1Password store needs the Connect that was probed, whatever its condition said when it was last validated. */
function edges(world: World): Edge[] {
  const host = placeOfConnect(world);
  if (!host) return [];
  const api = apiOf(world);
  const stores = [clusterSecretStores, secretStores].flatMap((source) =>
    world.list(source).filter((store) => store.provider?.name === "onepassword").map((store): Edge => ({
      from: refOf(source.kind, store),
      to: api,
      via: "connectHost",
      explains: [...STORE_ERRORS],
    }))
  );
  const service: Edge = {
    from: api,
    to: host.service,
    via: "served by",
    explains: ["NoAnswer", "ErrorAnswer"],
    because: [...SERVICE_ERRORS],
  };
  if (runnersOfConnect(world).length > 0) return [...stores, service];
  const runner: Edge = {
    from: host.service,
    to: usualRunner(world),
    via: "name",
    explains: ["NoEndpoints"],
    inferred: true,
    optional: true,
  };
  return [...stores, service, runner];
}

const deploymentCheck = operatorCheck({
  id: "onepassword-connect.pods-ready",
  title: "1Password Connect",
  needs: [clusterSecretStores, services, deployments],
  used: (world) => {
    const { namespace, name } = serviceOfConnect(world) ?? {};
    return name !== undefined && world.get(services, namespace, name) !== undefined;
  },
  found: runnersOfConnect,
  fallback: usualRunner,
  stands: "no ExternalSecret of its stores can be made or refreshed",
  onlyScaled: true,
});

/** Whatever would name it may be absent too; that has a finding of its own, so this one only points there. */
const podsReadyCheck: Check = {
  ...deploymentCheck,
  run: (world) =>
    deploymentCheck.run(world).map((judged) =>
      judged.reason === "NotUsed"
        ? { ...judged, message: `1Password Connect is not installed${pointer(world)}` }
        : judged
    ),
};

function pointer(world: World): string {
  const service = serviceOfConnect(world);
  if (service) return `; its stores name ${refText(service)}, which does not exist`;
  if (connectStores(world).length > 0) return "; its stores use one outside this cluster";
  const absent = world.list(externalSecrets).flatMap(storesOf).filter((ref) => !findStore(ref, world));
  const names = new Set(absent.map(refText));
  if (names.size === 0) return ", and no store names it";
  return `; ExternalSecrets name ${[...names].join(", ")}, which ${names.size > 1 ? "do" : "does"} not exist`;
}

export const onepasswordConnect: Component = {
  name: "onepassword-connect",
  title: "1Password Connect",
  dependsOn: ["kubernetes"],
  sources: [connectAnswers],
  namespaces: (world) => [placeOfConnect(world)?.service.namespace ?? []].flat(),
  kinds: [],
  checks: [
    podsReadyCheck,
    heartbeatCheck,
    healthCheck,
  ],
  edges,
};
