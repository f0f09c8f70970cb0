/** Which object store a bucket claim leads to, who owns its bucket, the Service before a store, the keys of a user. */
import { type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { refOf } from "../common/mod.ts";
import { type HttpPort, podsGiven, portOf, services, storageClasses } from "../kubernetes/mod.ts";
import { cephObjectStores, type cephObjectStoreUsers, objectBucketClaims } from "./kinds.ts";

type Claim = NonNullable<ReturnType<typeof objectBucketClaims.read>>;
type User = NonNullable<ReturnType<typeof cephObjectStoreUsers.read>>;

/** The gateway Service that Rook makes for an object store. */
export function gatewayOf({ namespace, name }: ObjectRef): ObjectRef {
  return { kind: "Service", namespace, name: `rook-ceph-rgw-${name}` };
}

/** The gateways of all object stores. */
export function gatewaysOf(world: World): ObjectRef[] {
  return world.list(cephObjectStores).map((store) => gatewayOf(refOf("CephObjectStore", store)));
}

/** What the store behind this Service says of its gateways. */
function gatewaySpec(gateway: ObjectRef, world: World) {
  return world.list(cephObjectStores).find((one) =>
    refKey(gatewayOf(refOf("CephObjectStore", one))) === refKey(gateway)
  )?.spec?.gateway;
}

/** The gateways that are not Rook's own of the store behind this Service, by address or host, with their port. */
export function outsideGateways(gateway: ObjectRef, world: World): string[] {
  const { externalRgwEndpoints = [], port, securePort } = gatewaySpec(gateway, world) ?? {};
  const at = port || securePort;
  return externalRgwEndpoints.flatMap(({ hostname, ip }) => {
    const host = hostname ?? ip;
    if (!host) return [];
    return at ? `${host.includes(":") ? `[${host}]` : host}:${at}` : host;
  });
}

/** Where a gateway's Service speaks S3: the port that the store says, plain HTTP before TLS, else the first that fits. */
export function gatewayPort(gateway: ObjectRef, world: World): HttpPort | undefined {
  const service = world.get(services, gateway.namespace, gateway.name);
  if (!service) return undefined;
  const { port, securePort } = gatewaySpec(gateway, world) ?? {};
  const has = (number: number | undefined): number is number =>
    number !== undefined && (service.spec?.ports ?? []).some((one) => one.port === number);
  if (has(port)) return { service: gateway, port, secure: false };
  if (has(securePort)) return { service: gateway, port: securePort, secure: true };
  return portOf([service]);
}

/** Whether a gateway is not Rook's own and not a pod of this cluster: what the API server can't reach is not broken. */
export function isOutsideCluster(gateway: ObjectRef, world: World): boolean {
  return outsideGateways(gateway, world).length > 0 &&
    podsGiven(world, gateway.namespace ?? "", gateway.name).length === 0;
}

/** The object store that the class of a claim names, present or absent; the only one, when its class names none. */
export function storeOfClaim(claim: Claim, world: World): { store: ObjectRef; told: boolean } | undefined {
  const { objectStoreName: name, objectStoreNamespace: namespace } =
    world.get(storageClasses, undefined, claim.spec?.storageClassName ?? "")?.parameters ?? {};
  if (name && namespace) return { store: { kind: "CephObjectStore", namespace, name }, told: true };
  const [only, ...others] = world.list(cephObjectStores);
  return only && others.length === 0 ? { store: refOf("CephObjectStore", only), told: false } : undefined;
}

/** The user that a claim names as the owner of its bucket, present or absent. */
export function ownerOfClaim(claim: Claim, world: World): ObjectRef | undefined {
  const name = claim.spec?.additionalConfig?.bucketOwner;
  const store = storeOfClaim(claim, world)?.store;
  return name && store ? { kind: "CephObjectStoreUser", namespace: store.namespace, name } : undefined;
}

/** The users that claims of a bucket name as its owner, present or absent. */
export function ownersOfBucket(bucket: string, world: World): ObjectRef[] {
  return world.list(objectBucketClaims).filter(({ metadata, spec }) =>
    (spec?.bucketName ?? metadata?.name) === bucket
  ).flatMap((claim) => ownerOfClaim(claim, world) ?? []);
}

/** The Secret with the keys of a user, by the rule of its name until Rook has told it. */
export function secretOfUser({ metadata, spec, status }: User): ObjectRef {
  const usual = `rook-ceph-object-user-${spec?.store ?? ""}-${metadata?.name}`;
  return { kind: "Secret", namespace: metadata?.namespace, name: status?.info?.secretName ?? usual };
}
