/** Faults of the network: policies that cut more than they should, and names that do not resolve. */
import { at, condition, text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { core, deployment, kustomization, PLATFORM, pods } from "../objects.ts";
import { hurry, restart, scale, scaleBack, type Scene, untilReadyPods } from "../scene.ts";
import { app, edit, replace } from "../tree.ts";

const POLICY = `/apis/networking.k8s.io/v1/namespaces/${PLATFORM}/networkpolicies`;
const NESSIE = "app.kubernetes.io/name=nessie";

/** Waits until the pods of Nessie are unready for over a minute, or crash. */
async function untilNessieFails(scene: Scene): Promise<void> {
  await untilReadyPods(scene, PLATFORM, "nessie", 0, 60);
  await scene.until(
    "pods that fail for a minute",
    100,
    async () =>
      (await scene.kube.list(pods(PLATFORM, NESSIE))).every((pod) => {
        const age = Date.now() - Date.parse(text(pod, "metadata", "creationTimestamp"));
        const since = Date.now() -
          Date.parse(condition(pod, "Ready") ? text(pod, "status", "startTime") : "");
        return age > 66_000 && since > 66_000;
      }),
  );
}

const labelWrong: Fault = {
  name: "network-policy-cut",
  title: "A network policy cuts the catalog from its database",
  story:
    "The policy's peer has a label that no pod has. Open connections survive; the next pod times out on PostgreSQL.",
  shows: "NetworkPolicy nessie (its database peer matches nothing)",
  manifests: (tree) =>
    replace(
      tree,
      app("network-policies/nessie.yaml"),
      "cnpg.io/cluster: nessie-postgres",
      "cnpg.io/cluster: nessie-db",
    ),
  async break(scene) {
    await scene.until(
      "the changed policy",
      60,
      async () => JSON.stringify((await scene.kube.get(`${POLICY}/nessie`))?.spec).includes("nessie-db"),
    );
    await restart(scene, PLATFORM, NESSIE);
  },
  settled: untilNessieFails,
  expect: {
    exit: 2,
    roots: ["NetworkPolicy data-platform/nessie"],
    symptoms: ["Deployment data-platform/nessie"],
  },
};

const defaultDeny: Fault = {
  name: "network-policy-port-missing",
  title: "A policy allows the database's operator one port too few",
  story:
    "Somebody tightened the policies by reading ports from a diagram. The operator, when it starts anew, can't ask the instances for their state.",
  shows: "NetworkPolicy nessie-postgres (port 8000 from cnpg-system)",
  manifests(tree) {
    edit(tree, app("network-policies/postgres.yaml"), "NetworkPolicy/nessie-postgres", (policy) => {
      policy.deleteIn(["spec", "ingress", 2, "ports", 1]);
    });
  },
  async break(scene) {
    await scene.until("the changed policy", 60, async () => {
      const ports = at(await scene.kube.get(`${POLICY}/nessie-postgres`), "spec", "ingress", "2", "ports");
      return Array.isArray(ports) && ports.length === 1;
    });
    await restart(scene, "cnpg-system", "app.kubernetes.io/name=cloudnative-pg");
  },
  async settled(scene) {
    const path = `/apis/postgresql.cnpg.io/v1/namespaces/${PLATFORM}/clusters/nessie-postgres`;
    // Until the operator is up again its webhook refuses whatever Flux applies.
    const operator = deployment("cnpg-system", "cnpg-controller-manager");
    await scene.until("the operator", 60, async () => {
      return at(await scene.kube.get(operator), "status", "readyReplicas") === 1;
    });
    await hurry(scene.kube, kustomization("postgres"));
    await scene.until("the operator's complaint", 90, async () => {
      const phase = text(await scene.kube.get(path), "status", "phase");
      return /communication/i.test(phase) || `phase ${phase}`;
    });
    await scene.until("an end of the webhook's refusals", 90, async () => {
      return condition(await scene.kube.get(kustomization("postgres")), "Ready")?.reason !==
        "ReconciliationFailed";
    });
  },
  expect: {
    exit: 2,
    roots: ["NetworkPolicy data-platform/nessie-postgres"],
    symptoms: ["Cluster data-platform/nessie-postgres"],
  },
};

const dnsDown: Fault = {
  name: "coredns-stopped",
  title: "Cluster DNS was scaled to zero",
  story: "Everything that looks up a name fails, in its own words: unknown host, timeout, cannot connect.",
  shows: "Deployment kube-system/coredns, Service kube-dns (no endpoints)",
  async break(scene) {
    await scale(scene, "kube-system", "coredns", 0);
    await untilReadyPods(scene, "kube-system", "coredns", 0, 40);
    await restart(scene, PLATFORM, NESSIE);
  },
  settled: untilNessieFails,
  repair: (scene) => scaleBack(scene, "kube-system", "coredns"),
  expect: {
    exit: 2,
    // Scaled to zero is what the Service without endpoints says of its Deployment: both are the same answer.
    roots: ["Deployment kube-system/coredns or Service kube-system/kube-dns"],
    symptoms: ["Deployment data-platform/nessie"],
  },
};

const selectorWrong: Fault = {
  name: "service-selector-wrong",
  title: "A Service selects pods by a label that they do not have",
  story:
    "The history server's labels were unified, its Service was forgotten. The pod is fine; the page does not open.",
  shows: "Service spark-history-server (no endpoints)",
  manifests(tree) {
    edit(
      tree,
      app("spark-history-server/service.yaml"),
      "Service/spark-history-server",
      (service) => service.setIn(["spec", "selector"], { "app.kubernetes.io/name": "history-server" }),
    );
  },
  async settled(scene) {
    await scene.until(
      "the changed Service",
      60,
      async () =>
        text(
          await scene.kube.get(core("services", PLATFORM, "spark-history-server")),
          "spec",
          "selector",
          "app.kubernetes.io/name",
        ) ===
          "history-server",
    );
    await scene.until(
      "a ready history server",
      60,
      async () =>
        text(
          await scene.kube.get(deployment(PLATFORM, "spark-history-server")),
          "status",
          "readyReplicas",
        ) === "1",
    );
  },
  expect: { exit: 2, roots: ["Service data-platform/spark-history-server"] },
};

/** Every fault of this family, in the order of `--list`. */
export const networkFaults: readonly Fault[] = [labelWrong, defaultDeny, dnsDown, selectorWrong];
