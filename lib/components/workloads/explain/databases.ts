/** The databases that a log speaks of: clients name them in Secrets, which nobody reads, so that only their engine is known. */
import { listed } from "../../../engine/sentence.ts";
import {
  type Check,
  type Edge,
  type ObjectJudgement,
  type ObjectRef,
  refKey,
  refText,
  type World,
} from "../../../engine/model.ts";
import { CONNECTION_ERRORS, isReady, perWorld, type PodSpec, refOf } from "../../common/mod.ts";
import {
  deployments,
  type Pod,
  pods,
  podsOf,
  podsOfConcern,
  statefulSets,
  workloadOf,
} from "../../kubernetes/mod.ts";
import { own } from "../../../untrusted/lookup.ts";
import { command } from "../../../untrusted/shell.ts";
import { eventsOf } from "../events.ts";
import { engineOf, podLogs, wordsOf } from "../log_signals.ts";

/** How a database server is known: by the port its container declares, and by its image. */
const SERVERS: Readonly<Record<string, { port: number; image: RegExp }>> = {
  MySQL: { port: 3306, image: /mysql|mariadb|percona/i },
  PostgreSQL: { port: 5432, image: /postgres|pgsql|spilo/i },
  MongoDB: { port: 27017, image: /mongo/i },
  Redis: { port: 6379, image: /redis|valkey/i },
};

interface Server {
  ref: ObjectRef;
  engine: string;
  port: number;
  pods: readonly Pod[];
}

const servers = perWorld((world): ReadonlyMap<string, Server[]> => {
  const found = [["Deployment", deployments], ["StatefulSet", statefulSets]] as const;
  const all = found.flatMap(([kind, source]) =>
    world.list(source).flatMap((object): Server[] => {
      const ref = refOf(kind, object);
      const engine = engineServed(object.spec?.template?.spec);
      const port = own(SERVERS, engine)?.port;
      return engine && port
        ? [{ ref, engine, port, pods: podsOf(world, kind, ref.namespace ?? "", ref.name) }]
        : [];
    })
  );
  return Map.groupBy(all, ({ ref, engine }) => `${ref.namespace} ${engine}`);
});

function engineServed(spec: PodSpec | undefined): string | undefined {
  return Object.entries(SERVERS).find(([, { port, image }]) =>
    spec?.containers?.some((one) =>
      image.test(one.image ?? "") && one.ports?.some(({ containerPort }) => containerPort === port)
    )
  )?.[0];
}

/** That a refused connection is not the databases' fault, as a clause; empty when that is not known. */
export function elsewhereText(pod: Pod, world: World): string {
  const words = wordsOf(pod, world);
  const engine = engineOf(words);
  if (!engine || !words.includes("ConnectionRefused")) return "";
  const all = servers(world).get(`${pod.metadata?.namespace} ${engine}`) ?? [];
  const port = all[0]?.port;
  if (port === undefined || !all.every((one) => one.pods.some(isReady))) return "";
  return ` by ${engine}; the ${engine} database ${
    listed(all.map(({ ref }) => refText(ref)))
  } is ready on port ${port}, so the host or the port that it was given is likely wrong`;
}

/** A database that has no connection left, with the workloads that say so. */
interface Exhausted {
  object: ObjectRef;
  engine: string;
  clients: readonly Pod[];
  /** Which of several databases it is was guessed, or is not known. */
  guessed: boolean;
}

const TOO_MANY = /too many connections|too many clients|remaining connection slots/i;

const exhausted = perWorld((world): Exhausted[] => {
  const saying = podsOfConcern(world).filter((pod) =>
    !isReady(pod) && wordsOf(pod, world).includes("TooManyConnections")
  );
  const groups = Map.groupBy(
    saying,
    (pod) => `${pod.metadata?.namespace} ${engineOf(wordsOf(pod, world)) ?? ""}`,
  );
  return [...groups].map(([key, clients]) => {
    const [namespace = "", engine = ""] = key.split(" ");
    const all = servers(world).get(key) ?? [];
    const accused = all.filter((one) => one.pods.some((pod) => saysTooMany(pod, world)));
    const [only] = accused.length === 1 ? accused : all.length === 1 ? all : alike(all, clients, world);
    const title = engine || "database";
    const object = only?.ref ?? { kind: "Database", namespace, name: title };
    return { object, engine: title, clients, guessed: accused.length !== 1 && all.length !== 1 };
  });
});

/** Its own probe is a client, too. */
function saysTooMany(pod: Pod, world: World): boolean {
  return eventsOf(world, "Pod", pod).some(({ message = "" }) => TOO_MANY.test(message));
}

/** Of several, the one whose name begins as those of all its clients do. */
function alike(all: readonly Server[], clients: readonly Pod[], world: World): Server[] {
  const names = clients.map((pod) => workloadOf(pod, world)?.name ?? pod.metadata?.name ?? "");
  const shared = (name: string) => Math.min(...names.map((client) => commonStart(client, name)));
  const most = Math.max(0, ...all.map(({ ref }) => shared(ref.name)));
  const best = all.filter(({ ref }) => shared(ref.name) === most);
  return most >= LEAST_SHARED && best.length === 1 ? best : [];
}

const LEAST_SHARED = 2;

function commonStart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

export const connectionsCheck: Check = {
  id: "workloads.database-connections",
  title: "connections of databases",
  explain:
    "No database has used up its connections, as the logs of its clients say. Which database they mean is told by its own " +
    "probes, by being the only one of its engine in their namespace, or by its name; else the fault is told without it.",
  needs: [pods],
  okNeeds: [deployments, statefulSets],
  object: () => ({ kind: "Database", name: "*" }),
  run(world) {
    const found = exhausted(world).map((one) => judged(one, world));
    if (found.length > 0) return found;
    const message = "No log of a failing workload says that a database has too many connections";
    return [{ status: "ok", reason: "AllWell", message }];
  },
};

function judged({ object, engine, clients, guessed }: Exhausted, world: World): ObjectJudgement {
  const names = [...new Set(clients.map((pod) => workloadOf(pod, world)?.name ?? pod.metadata?.name ?? ""))];
  const { namespace } = object;
  return {
    object,
    status: "critical",
    reason: "TooManyConnections",
    message: `${refText(object)}${
      guessed ? ", likely," : ""
    } has too many connections and takes no more, as the logs of ${listed(names)} say`,
    observed: `${engine}: too many connections`,
    expected: "room for another connection",
    evidence: podLogs.id,
    next: [command`kubectl -n ${namespace} describe ${object.kind.toLowerCase()} ${object.name}`],
  };
}

/** Its clients fail for want of it, and those beside them that fail and say nothing else. */
export function connectionEdges(world: World): Edge[] {
  return exhausted(world).flatMap(({ object, clients }) => {
    const saying = new Set(clients);
    const workloads = new Set(clients.map((pod) => refKey(refOf("Pod", pod))));
    const [{ metadata } = {}] = clients;
    const silent = workloads.size < SEVERAL
      ? []
      : podsOfConcern(world).filter((pod) =>
        !saying.has(pod) && !isReady(pod) && pod.metadata?.namespace === metadata?.namespace &&
        wordsOf(pod, world).length === 0
      );
    return [...clients, ...silent].map((pod): Edge => ({
      from: refOf("Pod", pod),
      to: object,
      via: "database",
      explains: CONNECTION_ERRORS,
      because: ["TooManyConnections"],
      inferred: true,
    }));
  });
}

/** So many clients that fail alike make it likely that the silent ones beside them fail for the same reason. */
const SEVERAL = 3;
