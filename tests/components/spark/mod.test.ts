import assert from "node:assert/strict";
import { fail, healthy, HISTORY, look, noPods, put, type Small, the, without } from "../healthy.ts";
import { DEPLOYMENTS, on, rootsOf, SERVICES, waiting } from "../platform.ts";

const broken = (change: (small: Small) => void) => {
  const small = healthy();
  change(small);
  return look(small);
};
const found = (d: Awaited<ReturnType<typeof look>>, check: string) => {
  const [first] = d.findings.filter((finding) => finding.check === check);
  return first ? [first.status, first.reason] : [];
};

const RELEASES = "/apis/helm.toolkit.fluxcd.io/v2/helmreleases";

function withoutAny(small: Small, name: string): void {
  for (const path of [DEPLOYMENTS, SERVICES]) {
    small.lists[path] = (small.lists[path] ?? []).filter(({ metadata }) => metadata.name !== name);
  }
}

Deno.test("spark: a history server without any application is ok", async () => {
  assert.deepEqual(found(await look(healthy()), "spark-history-server.api-answers"), ["ok", "Answers"]);
});

Deno.test("spark: a history server that answers 500 is critical", async () => {
  const diagnosis = await broken((small) => small.answers[HISTORY] = { status: 500 });
  assert.deepEqual(rootsOf(diagnosis), ["Service spark-history-server ErrorAnswer"]);
});

Deno.test("spark: a history server whose pods crash is the symptom of its Deployment", async () => {
  const diagnosis = await broken((small) => fail(small, "spark-history-server", waiting("CrashLoopBackOff")));
  assert.deepEqual(rootsOf(diagnosis), ["Deployment spark-history-server NoneReady"]);
});

Deno.test("spark: a history server's Service that does not exist is Missing", async () => {
  const diagnosis = await broken((small) => without(small, SERVICES, "spark-history-server"));
  assert.deepEqual(found(diagnosis, "spark-history-server.api-answers"), ["critical", "Missing"]);
});

Deno.test("spark: a history server whose Services cannot be read is unknown", async () => {
  const diagnosis = await broken((small) => small.failures[SERVICES] = { kind: "timeout", message: "late" });
  assert.deepEqual(found(diagnosis, "spark-history-server.api-answers"), ["unknown", "Timeout"]);
});

for (const name of ["spark-operator", "spark-history-server", "spark-client", "nessie"]) {
  Deno.test(`${name}: as many ready pods as asked for is ok`, async () => {
    assert.deepEqual(found(await look(healthy()), `${name}.pods-ready`), ["ok", "Ready"]);
  });

  Deno.test(`${name}: zero of zero is critical, for nothing runs`, async () => {
    const diagnosis = await broken((small) => {
      noPods(small, name);
      the(small, DEPLOYMENTS, name).spec.replicas = 0;
    });
    assert.deepEqual(found(diagnosis, `${name}.pods-ready`), ["critical", "ScaledToZero"]);
    assert.ok(rootsOf(diagnosis).includes(`Deployment ${name} ScaledToZero`));
  });

  Deno.test(`${name}: no Deployment is critical when a release of its chart wants one`, async () => {
    const diagnosis = await broken((small) => {
      withoutAny(small, name);
      put(small, RELEASES, {
        metadata: { name: "lake", namespace: "data-platform" },
        spec: { chart: { spec: { chart: name } } },
      });
    });
    const [wanted] = on(diagnosis, "Deployment", `lake-${name}`);
    // The client comes with no chart of its own.
    assert.equal(wanted?.reason, name === "spark-client" ? undefined : "Missing");
  });

  Deno.test(`${name}: a Service with ready endpoints is served by something, whatever makes its pods`, async () => {
    const diagnosis = await broken((small) => {
      small.lists[DEPLOYMENTS] = (small.lists[DEPLOYMENTS] ?? []).filter(({ metadata }) =>
        metadata.name !== name
      );
    });
    const served = ["nessie", "spark-history-server"].includes(name);
    assert.deepEqual(
      found(diagnosis, `${name}.pods-ready`),
      served ? ["ok", "Serves"] : ["skipped", "NotFound"],
    );
  });

  Deno.test(`${name}: no Deployment that nothing wants does not apply, and is never ok`, async () => {
    const diagnosis = await broken((small) => withoutAny(small, name));
    const status = name === "nessie" ? "unknown" : "skipped";
    assert.deepEqual(found(diagnosis, `${name}.pods-ready`), [status, "NotFound"]);
  });

  Deno.test(`${name}: where neither it nor what would want it can be seen, it is unknown`, async () => {
    const diagnosis = await broken((small) => {
      withoutAny(small, name);
      small.failures[RELEASES] = { kind: "forbidden", message: "no" };
    });
    assert.deepEqual(found(diagnosis, `${name}.pods-ready`), ["unknown", "NotReadable"]);
  });

  Deno.test(`${name}: Deployments that cannot be read are unknown`, async () => {
    const diagnosis = await broken((small) =>
      small.failures[DEPLOYMENTS] = { kind: "forbidden", message: "no" }
    );
    assert.deepEqual(found(diagnosis, `${name}.pods-ready`), ["unknown", "Forbidden"]);
  });
}

Deno.test("spark-operator: one of two replicas is a warning, and no critical finding", async () => {
  const diagnosis = await broken((small) => fail(small, "spark-operator", waiting("CrashLoopBackOff"), 1));
  assert.deepEqual(found(diagnosis, "spark-operator.pods-ready"), ["warning", "SomeReady"]);
  assert.ok(diagnosis.findings.every(({ status }) => status !== "critical"));
  assert.match(on(diagnosis, "Pod", "spark-operator-abc-1")[0]?.message ?? "", /1 other pod of its workload/);
});
