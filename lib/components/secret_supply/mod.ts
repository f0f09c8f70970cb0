/** How secrets come from 1Password: what is read, who uses it, what a token grants, and what was made by hand instead. */
import type { Component } from "../../engine/model.ts";
import { clusterSecretStores, externalSecrets, secretStores } from "../external_secrets/mod.ts";
import {
  deployments,
  endpointSlices,
  events,
  pods,
  replicaSets,
  secrets,
  services,
} from "../kubernetes/mod.ts";
import { grants, tokenCheck, vaultGrantsCheck } from "./grants.ts";
import { handCheck } from "./hand.ts";
import { partsCheck, supplyEdges } from "./parts.ts";
import { readsCheck } from "./reads.ts";
import { OTHER_USERS, usersCheck } from "./users.ts";

export { type Grants, grants } from "./grants.ts";
export { offer } from "./offer.ts";
export { isOnePassword, storeOfEntry } from "./reads.ts";

export const secretSupply: Component = {
  name: "secret-supply",
  title: "Secrets from 1Password",
  dependsOn: ["external-secrets", "onepassword-connect"],
  sources: [
    ...[externalSecrets, clusterSecretStores, secretStores, secrets],
    ...[pods, replicaSets, deployments, services, endpointSlices, events],
    ...OTHER_USERS,
    grants,
  ],
  namespaces: () => [],
  kinds: [],
  checks: [readsCheck, usersCheck, handCheck, partsCheck, tokenCheck, vaultGrantsCheck],
  edges: supplyEdges,
};
