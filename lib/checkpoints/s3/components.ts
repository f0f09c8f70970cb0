/** What the S3 checkpoint judges: its trials by area, and what the object store stands on. */
import { kubernetes } from "../../components/kubernetes.ts";
import { rookCeph } from "../../components/rook_ceph.ts";
import { s3User } from "../../components/s3_user.ts";
import { SERVICE_ERRORS } from "../../components/reasons.ts";
import type { Component, Edge, World } from "../../model.ts";
import { trialChecks, type TrialWords } from "../../trial.ts";
import { s3Object } from "./context.ts";
import { s3Gateway } from "./gateway.ts";
import { s3Setup, s3Trials } from "./records.ts";
import { gatewayServices } from "./setup_facts.ts";

/** Reasons of trials that could not be carried out. */
const NOT_TRIED = ["NotTried", "Unreachable", "Timeout", "ServerError", "Forbidden", "Unauthorized"];

/** A component of trials; all speak of the store unless they name another object. */
export function trialComponent(
  name: string,
  title: string,
  trials: readonly TrialWords[],
  more: Partial<Component> = {},
): Component {
  return {
    name,
    title,
    dependsOn: ["s3-gateway"],
    sources: [s3Trials],
    namespaces: () => [],
    kinds: [],
    checks: trialChecks(s3Trials, trials, () => s3Object),
    edges: () => [],
    ...more,
  };
}

/** The store needs its gateway; what could not be tried for want of keys needs the Secret that holds them. */
export function setupEdges(world: World): Edge[] {
  const [setup] = world.records(s3Setup);
  const given = setup !== undefined && setup.gateway === undefined;
  const gateways = given ? [] : gatewayServices(world).map((to): Edge => ({
    from: s3Object,
    to,
    via: "gateway",
    explains: NOT_TRIED,
    because: [...SERVICE_ERRORS],
  }));
  const secrets = world.records(s3Trials)
    .flatMap(({ trial, object }) => trial === "s3.credentials" && object?.kind === "Secret" ? [object] : [])
    .map((to): Edge => ({ from: s3Object, to, via: "keys", explains: ["NotTried"] }));
  return [...gateways, ...secrets];
}

/** What the trials stand on, after them in the report. */
export const foundations: readonly Component[] = [s3Gateway, s3User, rookCeph, kubernetes];
