/** Every condition and reason of Flux's objects is judged as the tables in docs/checks.md say. */
import assert from "node:assert/strict";
import { flux } from "../../../lib/components/flux/mod.ts";
import type { KindCheck } from "../../../lib/engine/model.ts";
import { LONG_AGO, NOW, on, pod, rootsOf, waiting } from "../platform.ts";
import { expected, rowsOf, saying } from "../words.ts";
import { held, type Kind, kustomization, look, platform, type Raw } from "./gitops.ts";

const FINE = {
  type: "Ready",
  status: "True",
  reason: "Succeeded",
  message: "x",
  lastTransitionTime: LONG_AGO,
};

/** Where the objects of a kind stand in the toy platform. */
const LISTS: Record<string, Kind> = {
  Kustomization: "kustomizations",
  HelmRelease: "helmReleases",
  OCIRepository: "ociRepositories",
  HelmChart: "helmCharts",
  HelmRepository: "helmRepositories",
};

interface Case {
  word: string;
  conditions: object[];
  served?: boolean;
  expected: string;
}

/** An object of this kind with these conditions; a Kustomization waits for nothing but another that is Ready. */
function made(kind: string, name: string, { conditions, served }: Case): Raw {
  const metadata = { name, namespace: "flux-system", generation: 1, creationTimestamp: LONG_AGO };
  const status = { conditions, observedGeneration: 1, ...served ? { artifact: { revision: "a" } } : {} };
  if (kind !== "Kustomization") return { metadata, spec: {}, status };
  const base = kustomization(name, ["secrets"], name, [`data-platform_${name}__ConfigMap`]);
  return { ...base, metadata, status: { ...base.status, ...status } };
}

/** Asks the check about an object for each case, all on one platform. */
async function compare(check: KindCheck, cases: Case[]): Promise<void> {
  const { kind, path } = check.source;
  const all = cases.map((one, at) => made(kind, `one-${at}`, one));
  const objects = platform();
  const list = LISTS[kind];
  if (list) objects[list].push(...all);
  const diagnosis = await look(objects, list ? {} : { lists: { [path]: all } });
  cases.forEach(({ word, expected }, at) => {
    const found = on(diagnosis, kind, `one-${at}`).find((one) => one.check === check.id);
    assert.equal(saying(found), expected, word);
  });
}

/** The condition of a word such as `Ready=False, BuildFailed`. */
function conditionOf(word: string, lastTransitionTime: string): typeof FINE {
  const [, type = "", status = "", reason] = /^(\w+)=(\w+)(?:, (\w+)| with another reason)$/.exec(word) ?? [];
  return { ...FINE, type, status, lastTransitionTime, reason: reason ?? "Dreaming" };
}

/** Only a failed release gives up. */
const below = (type: string) =>
  type === "Stalled" ? [{ ...FINE, status: "False", reason: "InstallFailed" }] : [];

function casesOf(word: string, verdict: string, isSource: boolean): Case[] {
  if (verdict === "no more than Ready says") {
    return ["True", "False", "Unknown", "Perhaps"].map((status) => ({
      word,
      conditions: [FINE, { ...FINE, type: word, status }],
      expected: "nothing",
    }));
  }
  const [now, long] = [conditionOf(word, NOW), conditionOf(word, LONG_AGO)];
  const general = verdict.replace(/^(the same|critical), with that reason$/, "critical, `Dreaming`");
  const { young, old } = expected(general.split("; ")[0] ?? "");
  const served = { word, conditions: [long], served: true, expected: old.replace("critical", "warning") };
  return [
    { word, conditions: [...below(now.type), now], expected: young },
    { word, conditions: [...below(long.type), long], expected: old },
    ...isSource && long.status === "False" ? [served] : [],
  ];
}

for (const check of flux.kinds) {
  const { kind } = check.source;
  const isSource = check.source.path.includes("source.toolkit");
  Deno.test(`flux: every word of a ${kind} is judged as its table says`, async () => {
    const cases = rowsOf(check).flatMap(([, word, verdict]) => casesOf(word, verdict, isSource));
    assert.ok(cases.length >= 40, String(cases.length));
    const odd = { word: "Ready=Perhaps", conditions: [{ ...FINE, status: "Perhaps" }] };
    await compare(check, [...cases, { ...odd, expected: "unknown NotUnderstood" }]);
  });
}

Deno.test("flux: what begins again at once is waited for like anything else that is in progress", async () => {
  const objects = platform();
  const find = (name: string) => objects.kustomizations.find(({ metadata }) => metadata.name === name);
  const [secrets, postgres] = [find("secrets"), find("postgres")];
  assert.ok(secrets && postgres);
  const not = (reason: string, lastTransitionTime: string) => ({
    conditions: [{ ...FINE, status: "False", reason, lastTransitionTime }],
  });
  secrets.status = { ...secrets.status, ...not("HealthCheckCanceled", NOW) };
  postgres.status = { ...postgres.status, ...not("DependencyNotReady", LONG_AGO) };
  const [waiting] = on(await look(objects), "Kustomization", "postgres");
  assert.equal(saying(waiting), "ok Progressing");
  secrets.status = { ...secrets.status, ...not("HealthCheckFailed", NOW) };
  const [lost] = on(await look(objects), "Kustomization", "postgres");
  assert.equal(saying(lost), "critical DependencyNotReady");
});

Deno.test("flux: what is missing is a symptom of the Kustomization that ended before it applied anything", async () => {
  const wanting = pod("loader-1", {
    phase: "Pending",
    container: waiting("CreateContainerConfigError", 'secret "loader" not found'),
    spec: { containers: [{ name: "app", image: "app:1", envFrom: [{ secretRef: { name: "loader" } }] }] },
  });
  for (
    const reason of ["BuildFailed", "InvalidCELExpression", "FeatureGateDisabled", "DirectoryCreationFailed"]
  ) {
    const objects = platform();
    objects.pods.push(wanting as unknown as Raw);
    objects.kustomizations.push(held("loader", [], "data-platform/loader", reason, "some words"));
    assert.deepEqual(rootsOf(await look(objects)), [`Kustomization loader ${reason}`]);
  }
});
