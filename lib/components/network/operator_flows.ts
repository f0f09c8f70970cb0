/** What operators ask for on behalf of the objects that they keep: no configuration of a pod names it. */
import { hostAndPort } from "../../untrusted/host.ts";
import type { ObjectRef, World } from "../../engine/model.ts";
import {
  clusterSecretStores,
  judgeStore,
  operatorsOf as secretOperators,
  type SecretStore,
  secretStores,
  STORE_ERRORS,
} from "../external_secrets/mod.ts";
import { refOf } from "../common/mod.ts";
import { type Pod, podsIn, podsOf, serviceOfHost } from "../kubernetes/mod.ts";
import { clusterCheck, clusters, operatorsOf as databaseOperators } from "../postgresql/mod.ts";

/** The port on which an instance of CloudNativePG tells its operator how it is. */
const STATUS_PORT = 8000;

export interface OperatorFlow {
  from: Pod;
  /** A pod, or the Service that leads to one. */
  to: { pod: Pod; port: number } | { service: ObjectRef; port?: number };
  /** Who is unwell when the way is cut, with which reasons, and whether it is. */
  sufferer: ObjectRef;
  reasons: readonly string[];
  suffers: boolean;
}

/** CloudNativePG asks every instance; External Secrets asks the host of every store that is in the cluster. */
export function operatorFlows(world: World): OperatorFlow[] {
  return [...databaseFlows(world), ...storeFlows(world)];
}

function aPodOf(world: World, operators: readonly ObjectRef[]): Pod | undefined {
  return operators.flatMap(({ namespace, name }) => podsOf(world, "Deployment", namespace ?? "", name))[0];
}

function databaseFlows(world: World): OperatorFlow[] {
  const from = aPodOf(world, databaseOperators(world));
  if (!from) return [];
  return world.list(clusters).flatMap((object): OperatorFlow[] => {
    const sufferer = refOf("Cluster", object);
    const pod = podsIn(world, sufferer.namespace ?? "").find((one) =>
      one.metadata?.labels?.["cnpg.io/cluster"] === sufferer.name &&
      one.metadata.labels["cnpg.io/podRole"] === "instance"
    );
    if (!pod) return [];
    const reasons = ["InstancesUnreachable"];
    const suffers = reasons.includes(world.judge(clusterCheck, object)?.reason ?? "");
    return [{ from, to: { pod, port: STATUS_PORT }, sufferer, reasons, suffers }];
  });
}

function storeFlows(world: World): OperatorFlow[] {
  const from = aPodOf(world, secretOperators(world));
  const all: [string, SecretStore][] = [
    ...world.list(clusterSecretStores).map((store): [string, SecretStore] => ["ClusterSecretStore", store]),
    ...world.list(secretStores).map((store): [string, SecretStore] => ["SecretStore", store]),
  ];
  return all.flatMap(([kind, store]): OperatorFlow[] => {
    const host = store.provider?.host;
    const service = host && serviceOfHost(host, store.metadata?.namespace ?? "", world);
    if (!from || !service) return [];
    const { port } = hostAndPort(host);
    const judged = judgeStore(kind, store, world);
    return [{
      from,
      to: { service, ...port ? { port } : {} },
      sufferer: refOf(kind, store),
      reasons: STORE_ERRORS,
      suffers: STORE_ERRORS.some((reason) => reason === judged?.reason) && judged?.status !== "ok",
    }];
  });
}
