/** Compares the roots of a case with the fault that was done, and counts by kind of fault. */
import type { Root } from "../../lib/engine/report.ts";
import { CAUSES } from "./causes.ts";

/** What a case is known to be. */
export interface Truth {
  /** `app/NAME`, `node/NAME` or `namespace/NAME`. */
  object: string;
  root_cause: string;
  system: string;
  /** Whether the API and the logs show the cause at all. */
  visible: boolean;
}

export interface Judged {
  name: string;
  truth: Truth;
  roots: readonly Root[];
  /** The first root is the true object, or one that only the true workload suffers from. */
  object: boolean;
  /** The first root names the true object and says its cause. */
  exact: boolean;
  silent: boolean;
  /** Roots that are not the true object. */
  others: number;
}

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"];
const CLUSTER_PARTS = ["Node", "Pod", "Service", "Lease", "ReplicaSet", ...WORKLOADS];
const HASH = "[a-z0-9]{6,10}";

function isOfApp({ kind, name }: Root["object"], app: string): boolean {
  const own = app.replaceAll(/[^\w-]/g, "\\$&");
  if (WORKLOADS.includes(kind)) return name === app;
  if (kind === "Service") {
    return [app, `${app}-external`, `${app}-leader`, `${app}-follower`].includes(name);
  }
  if (kind === "ReplicaSet") return new RegExp(`^${own}-${HASH}$`).test(name);
  return kind === "Pod" && new RegExp(`^${own}-(\\d+|${HASH}-[a-z0-9]{5})$`).test(name);
}

function isTrue({ object, explains }: Root, truth: string): boolean {
  const [kind, name = ""] = truth.split("/");
  if (kind === "node") {
    return object.kind === "Node" && object.name === name || name === "master" && object.kind === "Lease";
  }
  if (kind === "namespace") {
    return object.kind === "ResourceQuota" && object.namespace === name ||
      object.kind === "Namespace" && object.name === name;
  }
  if (isOfApp(object, name)) return true;
  if (CLUSTER_PARTS.includes(object.kind)) return false;
  const hurt = new Set(explains.filter((one) => WORKLOADS.includes(one.kind)).map((one) => one.name));
  return hurt.size === 1 && hurt.has(name);
}

export function judge(name: string, truth: Truth, roots: readonly Root[]): Judged {
  const [first] = roots;
  const object = first !== undefined && isTrue(first, truth.object);
  const exact = first !== undefined && object &&
    CAUSES[truth.root_cause]?.exact.test(`${first.reason} ${first.message}`) === true;
  const others = roots.filter((root) => !isTrue(root, truth.object)).length;
  return { name, truth, roots, object, exact, silent: roots.length === 0, others };
}

export interface Row {
  title: string;
  cases: number;
  object: number;
  exact: number;
  silent: number;
  /** Roots that are not the true object, a case. */
  others: number;
}

export function rowOf(title: string, all: readonly Judged[]): Row {
  const share = (one: (judged: Judged) => number | boolean) =>
    all.length === 0 ? 0 : all.reduce((sum, judged) => sum + Number(one(judged)), 0) / all.length;
  return {
    title,
    cases: all.length,
    object: share(({ object }) => object),
    exact: share(({ exact }) => exact),
    silent: share(({ silent }) => silent),
    others: share(({ others }) => others),
  };
}

export function tableOf(all: readonly Judged[]): string {
  const visible = all.filter(({ truth }) => truth.visible);
  const systems = [...Map.groupBy(all, ({ truth }) => truth.system)].toSorted(([a], [b]) => a < b ? -1 : 1);
  const kinds = [...Map.groupBy(all, ({ truth }) => truth.root_cause)].toSorted(([a], [b]) => a < b ? -1 : 1);
  const rows = [
    rowOf("**all**", all),
    rowOf("**visible in the API or a log**", visible),
    ...systems.map(([system, those]) =>
      rowOf(`${system}, visible`, those.filter((one) => one.truth.visible))
    ),
    ...kinds.map(([cause, those]) => {
      const seen = those.every(({ truth }) => truth.visible);
      return rowOf(cause.replaceAll("_", " ") + (seen ? "" : " (not visible)"), those);
    }),
  ];
  const cells = rows.map(({ title, cases, object, exact, silent, others }) =>
    `| ${[title, cases, ...[object, exact, silent, others].map((one) => one.toFixed(2))].join(" | ")} |`
  );
  return [
    "| fault | cases | true object first | object and exact cause | silent | false roots a case |",
    "| --- | --- | --- | --- | --- | --- |",
    ...cells,
  ].join("\n");
}
