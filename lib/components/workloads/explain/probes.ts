/** What is wrong with a probe that fails: who it asks, in which protocol, and how soon it gives up. */
import type { World } from "../../../engine/model.ts";
import { listed } from "../../../engine/sentence.ts";
import { type PodSpec, type Probe } from "../../common/mod.ts";
import { containerPort, type ContainerStatus, type Pod, type WarningEvent } from "../../kubernetes/mod.ts";
import { eventsOf } from "../events.ts";

type Container = NonNullable<PodSpec["containers"]>[number];
type Kind = "liveness" | "readiness" | "startup";

/** A probe that the node's agent says has failed. */
export interface FailedProbe {
  kind: Kind;
  container: Container;
  probe: Probe;
  message: string;
  event: WarningEvent;
}

const FAILED = /^(Liveness|Readiness|Startup) probe (?:failed|errored): /;

/** Something answers, and not in the protocol that the probe speaks. */
const OTHER_PROTOCOL =
  /malformed HTTP|HTTP\/1\.x transport connection broken|first record does not look like a TLS|HTTP response to HTTPS|error reading server preface|http2: /;

/** Nobody takes the connection, or not in time. */
const NO_CONNECTION = /connection refused|failed to connect|i\/o timeout|deadline exceeded|no route to host/;

/** The last failure of each probe of the pod. */
export function failedProbes(pod: Pod, world: World): FailedProbe[] {
  const found = new Map<string, FailedProbe>();
  for (const event of eventsOf(world, "Pod", pod)) {
    const message = event.message ?? "";
    const kind = FAILED.exec(message)?.[1]?.toLowerCase() as Kind | undefined;
    if (event.reason !== "Unhealthy" || !kind) continue;
    for (const container of pod.spec?.containers ?? []) {
      const probe = container[`${kind}Probe`];
      if (!probe || found.has(`${kind} ${container.name}`) || !isOf(probe, message, container)) continue;
      found.set(`${kind} ${container.name}`, { kind, container, probe, message, event });
    }
  }
  return [...found.values()];
}

function portOf(probe: Probe, container: Container): number | undefined {
  const port = (probe.httpGet ?? probe.grpc ?? probe.tcpSocket)?.port;
  return containerPort(port, { containers: [container] });
}

/** A failure that names a port is of the probe that asks it; of several probes without one, any may be meant. */
function isOf(probe: Probe, message: string, container: Container): boolean {
  const asked = /\d\]?:(\d{1,5})\b/.exec(message)?.[1];
  return asked === undefined || Number(asked) === portOf(probe, container);
}

/** Why this probe fails, as a clause; undefined when its configuration does not tell. */
export function probeText(failed: FailedProbe, pod: Pod): string | undefined {
  const { kind, probe, container, message } = failed;
  const port = portOf(probe, container);
  if (OTHER_PROTOCOL.test(message)) {
    const told = otherProbeOf(failed, port);
    return `its ${kind} probe speaks ${
      protocolOf(probe)
    } to port ${port}, where container ${container.name} speaks ${
      told ? `${told}, as its other probe does` : "another protocol"
    }`;
  }
  if (port === undefined || !NO_CONNECTION.test(message)) return undefined;
  const declared = portsOf(pod.spec);
  if (declared.length > 0 && !declared.includes(port)) {
    return `its ${kind} probe asks port ${port}, which no container declares (container ${container.name} declares ${
      listed((container.ports ?? []).map(({ containerPort }) => `${containerPort}`)) || "none"
    })`;
  }
  return undefined;
}

function protocolOf({ httpGet, grpc }: Probe): string {
  return grpc ? "gRPC" : httpGet ? httpGet.scheme ?? "HTTP" : "TCP";
}

/** In which protocol another probe asks the same port. */
function otherProbeOf({ container, probe }: FailedProbe, port: number | undefined): string | undefined {
  const others = [container.livenessProbe, container.readinessProbe, container.startupProbe];
  const other = others.find((one) =>
    one && one !== probe && protocolOf(one) !== protocolOf(probe) && portOf(one, container) === port
  );
  return other && protocolOf(other);
}

function portsOf(spec: PodSpec | undefined): number[] {
  return (spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports.flatMap(({ containerPort }) => containerPort ?? [])
  );
}

/** Seconds after which a probe that never succeeded ends the container. */
function patienceOf({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: Probe): number {
  return initialDelaySeconds + periodSeconds * failureThreshold;
}

/** Seconds that ending a container takes by default. */
const GRACE_SECONDS = 30;

/**
 * That a probe ends the container again and again, and why; undefined when none does. `status` is of a container that was
 * restarted.
 */
export function killedText(pod: Pod, status: ContainerStatus, world: World): string | undefined {
  const failed = failedProbes(pod, world).find(({ kind, container }) =>
    kind !== "readiness" && container.name === status.name
  );
  if (!failed) return undefined;
  const why = probeText(failed, pod);
  if (why) return why;
  const { kind, probe, message } = failed;
  const patience = patienceOf(probe);
  const { startedAt = "", finishedAt = "" } = status.lastState?.terminated ?? {};
  const ran = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const settings = `initialDelaySeconds ${probe.initialDelaySeconds ?? 0}, periodSeconds ${
    probe.periodSeconds ?? 10
  }, failureThreshold ${probe.failureThreshold ?? 3}`;
  // A run that ended when the probe gave up was never seen to work.
  return ran <= patience + GRACE_SECONDS
    ? `its ${kind} probe gives up after ${patience} s (${settings}), before it has started`
    : `its ${kind} probe fails: ${message.replace(FAILED, "")}`;
}
