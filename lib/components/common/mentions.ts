/** Objects that the message of a condition or an event names, and edges to them: inferences, but general ones. */
import { definitionOf, type Edge, type ObjectRef, type World } from "../../engine/model.ts";
import { plural } from "../../engine/sentence.ts";
import { own } from "../../untrusted/lookup.ts";

/** Singular kind by the lower-case names that error messages use. */
const KINDS: Record<string, string> = Object.fromEntries(
  [
    "Secret",
    "ConfigMap",
    "ServiceAccount",
    "Service",
    "Namespace",
    "PersistentVolumeClaim",
    "Pod",
    "Deployment",
    "StatefulSet",
    "StorageClass",
    "Kustomization",
    "HelmRelease",
    "HelmChart",
    "HelmRepository",
    "OCIRepository",
    "GitRepository",
    "Bucket",
    "ExternalSecret",
    "ClusterSecretStore",
    "SecretStore",
    "Cluster",
    "CephCluster",
    "CephObjectStore",
    "CephObjectStoreUser",
    "ObjectBucketClaim",
    "ResourceQuota",
  ].flatMap((kind) => {
    const word = kind.toLowerCase();
    return [[word, kind], [plural(word), kind]];
  }),
);

/** `kind/namespace/name not found`, and other ways to write it. */
const SLASHED =
  /(?<![\w.-])([A-Za-z]+)(?:\.[a-z0-9.-]+)?[ /]["']?([a-z0-9-]+)\/([a-z0-9.-]+)["']?:? (?:not found|does not exist)/g;

const CLUSTER_WIDE = new Set(["Namespace", "ClusterSecretStore", "StorageClass"]);

export interface Mention {
  object: ObjectRef;
  /** How the message speaks of it. */
  as: "not found" | "webhook" | "not ready";
}

/**
 * The objects a message names; those without a namespace of their own are taken to live in `namespace`, and left
 * out when that is not known.
 */
export function mentions(message: string | undefined, namespace: string | undefined): Mention[] {
  if (!message) return [];
  const found: Mention[] = [];
  const add = (as: Mention["as"], word: string | undefined, name: string | undefined, place?: string) => {
    const kind = own(KINDS, word?.toLowerCase());
    if (!kind || !name) return;
    const within = place ?? namespace;
    if (CLUSTER_WIDE.has(kind)) found.push({ as, object: { kind, name } });
    else if (within) found.push({ as, object: { kind, namespace: within, name } });
  };
  for (
    const [, word, name] of message.matchAll(
      /(?<![\w.-])([A-Za-z]+)(?:\.[a-z0-9.-]+)? ["']([a-z0-9.-]+)["'] not found/g,
    )
  ) {
    add("not found", word, name);
  }
  for (const [, word, place, name] of message.matchAll(SLASHED)) add("not found", word, name, place);
  for (
    const [, word, place, name] of message.matchAll(/\b([A-Za-z]+)\/([a-z0-9-]+)\/([a-z0-9.-]+) status: /g)
  ) {
    add("not ready", word, name, place);
  }
  if (/webhook/i.test(message)) {
    for (const [, name, place] of message.matchAll(/https?:\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b/g)) {
      add("webhook", "service", name, place);
    }
  }
  return found;
}

/** Kinds that a message says the API server does not know. */
export function unknownKinds(message: string | undefined): string[] {
  return [...(message ?? "").matchAll(/(?:no matches for kind|Make sure the) "([A-Za-z]+)"/g)]
    .flatMap(([, kind]) => kind ?? []);
}

/** Edges to the definitions of the kinds that a message says are not known. */
export function kindEdges(
  from: ObjectRef,
  message: string | undefined,
  explains: readonly string[],
  world: World,
): Edge[] {
  return unknownKinds(message).flatMap((kind) => {
    const source = world.kinds.get(kind);
    const to = source && definitionOf(source);
    return to ? [{ from, to, via: "kind named in its message", explains, because: ["NotInstalled"] }] : [];
  });
}

/**
 * Edges from an object to what its message names, in `namespace` (its own, if not
 * said otherwise) where the message names none. What is only
 * `not ready` may be absent without harm.
 */
export function mentionEdges(
  from: ObjectRef,
  message: string | undefined,
  explains: readonly string[],
  { namespace }: { namespace: string | undefined } = { namespace: from.namespace },
): Edge[] {
  return mentions(message, namespace).map(({ object, as }) => ({
    from,
    to: object,
    via: as === "webhook" ? "admission webhook named in its message" : "named in its message",
    explains,
    inferred: true,
    optional: as === "not ready",
  }));
}
