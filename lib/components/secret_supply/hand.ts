/** Secrets that somebody made by hand where an ExternalSecret should make them: a rebuild would not bring them back. */
import { refText } from "../../engine/model.ts";
import { count } from "../../engine/sentence.ts";
import { type Check, type ObjectJudgement, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { clusterSecretStores, externalSecrets, secretOf, secretStores } from "../external_secrets/mod.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { appliersOf } from "../gitops/mod.ts";
import { deployments, isOurs, placeOf, pods, type SecretMeta, secrets } from "../kubernetes/mod.ts";
import { runnersOfConnect } from "../onepassword/mod.ts";
import { clusterOf, clusters } from "../postgresql/mod.ts";
import { storeFor } from "./offer.ts";
import { isOnePassword } from "./reads.ts";
import { type User, usersOf, usersText } from "./users.ts";
import { command } from "../../untrusted/shell.ts";

/** Field managers of tools that people type into or click at; kubectl has one for each of its commands. */
const PEOPLE = /^(kubectl\b.*|oc|k9s|(open|free)?lens|headlamp|octant|dashboard|Mozilla|curl)$/i;

/** What brings the Secrets cannot bring those that it needs itself. */
const BRINGERS = ["external-secrets", "onepassword-connect"];
const BOOTSTRAP = ["onepassword-connect-credentials", "onepassword-connect-token"];

/** Names that makers give to Secrets which have no owner. */
const MADE = /^(sh\.helm\.release\.|bootstrap-token-|rook-ceph-|rook-csi-)/;

/** Keys by which a type other than Opaque and basic-auth shows: images' registries, certificates, keys, accounts. */
const TYPED: readonly string[][] = [
  [".dockerconfigjson"],
  [".dockercfg"],
  ["tls.crt", "tls.key"],
  ["ssh-privatekey"],
  ["token", "ca.crt", "namespace"],
];

interface Suspect {
  secret: SecretMeta;
  ref: ObjectRef;
  users: User[];
}

/** Secrets of the platform that something runs with. */
const usedSecrets = perWorld((world): Suspect[] =>
  world.list(secrets).filter((secret) => isOurs(secret, world)).flatMap((secret) => {
    const ref = refOf("Secret", secret);
    const users = usersOf(world, ref).filter(({ runs, ref }) => runs && !bringsSecrets(ref, world));
    return users.length > 0 ? [{ secret, ref, users }] : [];
  })
);

function bringsSecrets(user: ObjectRef, world: World): boolean {
  return BRINGERS.includes(placeOf({ metadata: user }, world)) ||
    runnersOfConnect(world).some((ref) => refKey(ref) === refKey(user));
}

const suppliedTargets = perWorld((world) =>
  new Set(
    world.list(externalSecrets).flatMap((object) => secretOf(object) ?? []).map(({ namespace, name }) =>
      `${namespace}/${name}`
    ),
  )
);

/** What the stores of 1Password authenticate with. */
const credentials = perWorld((world) =>
  new Set(
    [clusterSecretStores, secretStores].flatMap((source) =>
      world.list(source).filter(({ provider }) => isOnePassword(provider)).flatMap(({ provider, metadata }) =>
        (provider?.secrets ?? []).map((ref) => `${ref.namespace ?? metadata?.namespace}/${ref.name}`)
      )
    ),
  )
);

/** Whether something is known to make the Secret, or it is of a kind that no item holds. */
function hasMaker({ secret, ref }: Suspect, world: World): boolean {
  const { ownerReferences = [], keys = [] } = secret.metadata ?? {};
  const name = `${ref.namespace}/${ref.name}`;
  const cluster = clusterOf(ref);
  return ownerReferences.length > 0 || suppliedTargets(world).has(name) || credentials(world).has(name) ||
    BOOTSTRAP.includes(ref.name) || MADE.test(ref.name) || appliersOf(ref, world).length > 0 ||
    (cluster !== undefined && world.get(clusters, cluster.namespace, cluster.name) !== undefined) ||
    TYPED.some((typical) => typical.every((key) => keys.includes(key)));
}

/** undefined: a controller or a pipeline has written it. Where nobody knows who did, having no owner is all there is. */
function writtenBy({ managers = [] }: NonNullable<SecretMeta["metadata"]>): "people" | "unknown" | undefined {
  if (managers.length === 0) return "unknown";
  return managers.every((manager) => PEOPLE.test(manager)) ? "people" : undefined;
}

function judge(suspect: Suspect, world: World): ObjectJudgement[] {
  const { ref, users, secret } = suspect;
  const by = secret.metadata && !hasMaker(suspect, world) ? writtenBy(secret.metadata) : undefined;
  if (!by) return [];
  const how = by === "people"
    ? `was made by hand (${secret.metadata?.managers?.join(", ")})`
    : "has no owner and no ExternalSecret, so it was likely made by hand";
  const store = storeFor(world, ref.namespace);
  const place = `${ref.namespace}/${ref.name}`;
  return [{
    object: ref,
    status: "warning",
    reason: "MadeByHand",
    message:
      `${refText(ref)} ${how}, and ${usersText(users)} ${
        users.length > 1 ? "need" : "needs"
      } it; after a rebuild ` +
      `nothing makes it again${store ? "" : ", and there is no 1Password store yet to make it from"}`,
    observed: by === "people" ? `written by ${secret.metadata?.managers?.join(", ")}` : "no owner",
    expected: "an ExternalSecret that makes it",
    evidence: "metadata.managedFields, metadata.ownerReferences",
    next: [
      ...store
        ? [command`deno task 1p:status --print-external-secret ${place}`]
        : [command`deno task 1p:install`],
      command`kubectl -n ${ref.namespace} describe secret ${ref.name}`,
    ],
  }];
}

export const handCheck: Check = {
  id: "secret-supply.hand-made",
  title: "Secrets made by hand",
  explain:
    "No Secret that a pod of the platform uses was made by hand: each has an owner, an ExternalSecret, a Kustomization, an Application or " +
    "a controller that writes it. Registry credentials, certificates and service account tokens are left out, and so is " +
    "what Connect and External Secrets need themselves, which no ExternalSecret can make. Where the facts do not tell " +
    "who wrote a Secret, one without an owner is taken to be made by hand, and the message says likely.",
  needs: [secrets, pods, deployments, externalSecrets, clusterSecretStores, secretStores],
  object: () => ({ kind: "Secret", name: "*" }),
  run(world) {
    const used = usedSecrets(world);
    if (used.length === 0) {
      return [{ status: "skipped", reason: "NoneUsed", message: "No pod of the platform uses a Secret" }];
    }
    const found = used.flatMap((suspect) => judge(suspect, world));
    if (found.length > 0) return found;
    const observed = `0 of ${used.length} made by hand`;
    const message = `The platform uses ${count(used.length, "Secret")}, and none was made by hand`;
    return [{ status: "ok", reason: "NoneMadeByHand", message, observed }];
  },
};
