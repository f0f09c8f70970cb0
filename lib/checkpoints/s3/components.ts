/** What the S3 checkpoint judges: its trials by area, and what the object store stands on. */
import { kubernetes } from "../../components/kubernetes/mod.ts";
import { rookCeph } from "../../components/rook_ceph/mod.ts";
import { whereabouts } from "../../components/mod.ts";
import { s3User } from "../../components/object_store/mod.ts";
import { SERVICE_ERRORS } from "../../components/common/mod.ts";
import { NOT_LOOKED_AT } from "../../engine/unread/failure_reason.ts";
import { type Check, type Component, type Edge, refText, type World } from "../../engine/model.ts";
import { trialComponent, type TrialFamily } from "../../checkpoint/component.ts";
import { trialChecks, type TrialWords } from "../../checkpoint/trial.ts";
import { s3Object } from "./context.ts";
import { LOOKED_IN, storesInUse } from "./setup/facts.ts";
import { s3Gateway } from "./setup/gateway.ts";
import { s3Setup, s3Trials } from "./records.ts";

export const s3Family: TrialFamily = {
  area: "s3",
  kind: "S3Trial",
  source: s3Trials,
  service: s3Object,
  dependsOn: "s3-gateway",
  via: "object store",
};

/** A component of trials that left their records in `s3.trials`. */
export const s3Component = (name: string, title: string, trials: readonly TrialWords[]): Component =>
  trialComponent(s3Family, name, title, trialChecks(s3Trials, trials, () => s3Object));

/** Whether there is a store that answers and takes the keys: the one cause of all that was not tried. */
const reachCheck: Check = {
  id: "s3.reached",
  title: "way to the object store",
  explain:
    "The gateway of the object store is found, answers from here as an S3 does, and takes the signature of at least one " +
    "pair of keys. Without that nothing can be tried.",
  needs: [s3Setup],
  object: () => s3Object,
  run(world) {
    const [setup] = world.records(s3Setup);
    if (!setup?.credential) {
      const message = "no pair of keys opens the object store, so nothing could be tried";
      return [{ status: "unknown", reason: "NoKeys", message }];
    }
    const { secret } = setup.credential;
    const message = `${setup.endpoint} answers ${setup.words}, to the keys of ${refText(secret)}`;
    return [{ status: "ok", reason: "Reached", message, observed: setup.endpoint }];
  },
};

/** Where the store is, whose keys open it, and what was tried first. */
export function setupComponent(trials: readonly TrialWords[]): Component {
  const trial = s3Component("s3-setup", "Way, keys, buckets and scratch place", trials);
  return {
    ...trial,
    sources: [s3Trials, s3Setup],
    ...whereabouts,
    checks: [reachCheck, ...trial.checks],
    edges: (world) => [...trial.edges(world), ...storeEdges(world)],
  };
}

/** The store needs its gateway, and the Secrets that hold its keys. */
function storeEdges(world: World): Edge[] {
  const [setup] = world.records(s3Setup);
  const given = setup !== undefined && setup.gateway === undefined;
  const meant = setup?.gateway ? [setup.gateway] : storesInUse(world, false).map(({ gateway }) => gateway);
  const gateways = given ? [] : meant.map((to): Edge => ({
    from: s3Object,
    to,
    via: "gateway",
    explains: NOT_LOOKED_AT,
    because: [...SERVICE_ERRORS],
  }));
  const kinds = LOOKED_IN.filter((source) => !given && world.failure(source))
    .map(({ kind }): Edge => ({
      from: s3Object,
      to: { kind, name: "*" },
      via: "looked for among",
      explains: NOT_LOOKED_AT,
    }));
  const secrets = world.records(s3Trials)
    .flatMap(({ trial, object }) => trial === "s3.credentials" && object?.kind === "Secret" ? [object] : [])
    .map((to): Edge => ({ from: s3Object, to, via: "keys", explains: ["NoKeys"] }));
  return [...gateways, ...kinds, ...secrets];
}

/** What the trials stand on, after them in the report. */
export const foundations: readonly Component[] = [s3Gateway, s3User, rookCeph, kubernetes];
