/** The check that every component of the platform shares: its workload is there, wanted, and ready. */
import { refText } from "../../engine/model.ts";
import { about, count } from "../../engine/sentence.ts";
import type { Check, ObjectRef, World } from "../../engine/model.ts";
import { refOf } from "../common/mod.ts";
import { deployments, pods } from "../kubernetes/mod.ts";
import { workloadChecks } from "./readiness.ts";
import { command } from "../../untrusted/shell.ts";

/** The check that Deployment `name` runs as many ready pods as it should, and at least one. */
export function requiredDeployment(name: string): Check {
  const object = (world: World): ObjectRef => ({ kind: "Deployment", namespace: world.namespace, name });
  return {
    id: `${name}.pods-ready`,
    title: `${name} pods`,
    explain:
      `Deployment ${name} exists in the platform's namespace, asks for at least one pod, and has as many ready pods ` +
      "as it asks for. Zero of zero is critical, since nothing runs.",
    needs: [deployments],
    okNeeds: [pods],
    object,
    run(world) {
      const named = refText(object(world));
      const found = world.get(deployments, world.namespace, name);
      if (!found) {
        return [{
          status: "critical",
          reason: "Missing",
          message: `${named} does not exist`,
          observed: "absent",
          expected: "present",
          evidence: "GET /apis/apps/v1/deployments",
          next: [command`kubectl -n ${world.namespace} get deployments`, command`flux get kustomizations -A`],
        }];
      }
      const desired = found.spec?.replicas ?? 1;
      const ready = found.status?.readyReplicas ?? 0;
      const base = {
        observed: `${ready} of ${desired} ready`,
        expected: "at least 1",
        evidence: "status.readyReplicas",
      };
      if (desired === 0) {
        const next = [command`kubectl -n ${world.namespace} scale deployment ${name} --replicas=1`];
        return [{
          ...base,
          status: "critical",
          reason: "ScaledToZero",
          message: `${named} is scaled to zero, so nothing runs`,
          next,
        }];
      }
      const judged = world.judge(workloadChecks.Deployment, found);
      if (judged) return [{ ...about(object(world), judged), object: refOf("Deployment", found) }];
      if (ready < desired) {
        const message = `${named} has ${ready} of ${
          count(desired, "pod")
        } ready while a rollout is in progress`;
        return [{ ...base, status: ready > 0 ? "ok" : "warning", reason: "RollingOut", message }];
      }
      return [{
        ...base,
        status: "ok",
        reason: "Ready",
        message: `${named} has ${count(ready, "ready pod")}`,
      }];
    },
  };
}
