/** What Rook makes: the Secrets of users, the Secret and the ConfigMap of a claim, the Service of a store. */
import { GONE, isAbsent, type Maker, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { cephObjectStores, cephObjectStoreUsers, objectBucketClaims } from "./kinds.ts";
import { secretOfUser } from "./stores.ts";

/** Which of Rook's objects makes this one, present or absent. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  switch (ref.kind) {
    case "Secret":
      return [...usersOf(ref, world), ...claimsOf(ref, world)];
    case "ConfigMap":
      return claimsOf(ref, world);
    case "Service":
      return world.list(cephObjectStores).map((object) => refOf("CephObjectStore", object))
        .filter(({ namespace, name }) => namespace === ref.namespace && ref.name === `rook-ceph-rgw-${name}`)
        .map((to) => ({ to, via: "made by", inferred: true }));
    default:
      return [];
  }
}

const usersBySecret = perWorld((world) =>
  Map.groupBy(world.list(cephObjectStoreUsers), (user) => refKey(secretOfUser(user)))
);

function usersOf(secret: ObjectRef, world: World): Maker[] {
  const found = usersBySecret(world).get(refKey(secret)) ?? [];
  const gone = userOfSecret(secret, world);
  return [
    ...found.map((object) => ({
      to: refOf("CephObjectStoreUser", object),
      via: "made by",
      explains: [...GONE, "MissingKey"],
      inferred: object.status?.info === undefined,
    })),
    // No other name is like it, so the user is missed whoever should have made it.
    ...gone && isAbsent(world, gone) ? [{ to: gone, via: "made by", inferred: true, optional: false }] : [],
  ];
}

/** A claim's Secret and ConfigMap bear its name. */
function claimsOf({ namespace, name }: ObjectRef, world: World): Maker[] {
  const claim = world.get(objectBucketClaims, namespace, name);
  return claim ? [{ to: refOf("ObjectBucketClaim", claim), via: "made by" }] : [];
}

/** The user's Secret is named by rule also when the user itself is gone: `rook-ceph-object-user-STORE-USER`. */
function userOfSecret(secret: ObjectRef, world: World): ObjectRef | undefined {
  const [, rest] = secret.name.match(/^rook-ceph-object-user-(.+)$/) ?? [];
  if (secret.kind !== "Secret" || !rest) return undefined;
  const store = world.list(cephObjectStores).find((object) =>
    object.metadata?.namespace === secret.namespace && rest.startsWith(`${object.metadata?.name}-`)
  );
  const name = store
    ? rest.slice((store.metadata?.name ?? "").length + 1)
    : rest.slice(rest.indexOf("-") + 1);
  return name ? { kind: "CephObjectStoreUser", namespace: secret.namespace, name } : undefined;
}
