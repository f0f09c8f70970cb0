// STAND-IN for the Spark operator, which can't be had here. Two replicas elect a leader through a Lease and answer health
// checks as the real one does; the leader marks each SparkApplication that it sees as FAILED and says why: it runs none.
import { hostname } from "node:os";
import { create, get, KubeError, list, merge, replace, text, watch } from "../kube.ts";

const LEASE_SECONDS = 15;
const me = hostname();

/** Value of `--name=value` among the arguments. */
function flag(name: string, otherwise: string): string {
  const found = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  return found ? found.slice(name.length + 3) : otherwise;
}

const namespace = flag("leader-election-lock-namespace", "data-platform");
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${
  flag("leader-election-lock-name", "spark-operator-lock")
}`;
let leading = false;
let reached = false;

function log(message: string): void {
  console.error(`${new Date().toISOString()}\tINFO\t${message}`);
}

/** Takes or renews the lease. Two replicas that try at once: the second one's resourceVersion is out of date. */
async function elect(): Promise<boolean> {
  const now = new Date().toISOString().replace("Z", "000Z");
  const lease = await get(leasePath);
  if (!lease) {
    await create(leasePath.slice(0, leasePath.lastIndexOf("/")), {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: leasePath.split("/").at(-1), namespace },
      spec: { holderIdentity: me, leaseDurationSeconds: LEASE_SECONDS, acquireTime: now, renewTime: now },
    });
    return true;
  }
  const mine = text(lease, "spec", "holderIdentity") === me;
  const expired = Date.parse(text(lease, "spec", "renewTime")) + LEASE_SECONDS * 1000 < Date.now();
  if (!mine && !expired) return false;
  const spec = Object(lease.spec);
  await replace(leasePath, {
    ...lease,
    spec: { ...spec, holderIdentity: me, renewTime: now, ...(mine ? {} : { acquireTime: now }) },
  });
  return true;
}

async function refuseApplications(): Promise<void> {
  for (const watched of flag("namespaces", namespace).split(",")) {
    const path = `/apis/sparkoperator.k8s.io/v1beta2/namespaces/${watched}/sparkapplications`;
    for (const application of await list(path)) {
      if (text(application, "status", "applicationState", "state") !== "") continue;
      await merge(`${path}/${application.metadata.name}/status`, {
        status: {
          applicationState: {
            state: "FAILED",
            errorMessage: "the lab's stand-in for the Spark operator runs no applications",
          },
          lastSubmissionAttemptTime: new Date().toISOString(),
        },
      });
    }
  }
}

async function round(): Promise<void> {
  const before = leading;
  try {
    leading = await elect();
    reached = true;
  } catch (error) {
    // 409: the other replica was quicker.
    if (!(error instanceof KubeError && error.status === 409)) {
      log(`leader election: ${error instanceof Error ? error.message : error}`);
    }
    leading = false;
  }
  if (leading !== before) log(leading ? `${me} became leader` : `${me} is not leader`);
  if (leading) await refuseApplications();
}

Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
Deno.serve({ port: 8081, onListen: () => {} }, (request) => {
  const ready = new URL(request.url).pathname !== "/readyz" || reached;
  return new Response(ready ? "ok" : "API server was not reached yet", { status: ready ? 200 : 500 });
});
log("starting the stand-in for the Spark operator");
watch(`/apis/sparkoperator.k8s.io/v1beta2/namespaces/${namespace}/sparkapplications`, () => {
  if (leading) refuseApplications().catch((error) => log(String(error)));
});
for (;;) {
  await round().catch((error) => log(String(error)));
  await new Promise((resolve) => setTimeout(resolve, 5000));
}
