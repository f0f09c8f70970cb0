/** The kinds of the External Secrets operator: where they are listed, and which of their fields are kept. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { ListSource, Reader } from "../../engine/model.ts";
import { list, obj, objectName, part, present, remoteName, str, via } from "../../engine/decode.ts";
import { conditions, hostsIn, keysOnly, metadata } from "../common/mod.ts";

const GROUP = "/apis/external-secrets.io";

function listing<T>(kind: string, plural: string, read: Reader<T>): ListSource<T> {
  const path = kubePath`${GROUP}/v1/${plural}`;
  return { id: plural, kind, path, fallbacks: [kubePath`${GROUP}/v1beta1/${plural}`], read };
}

const remoteRef = obj({ key: remoteName, property: remoteName });
const storeRef = obj({ kind: objectName, name: objectName });

export const externalSecrets = listing(
  "ExternalSecret",
  "externalsecrets",
  obj({
    metadata,
    spec: obj({
      refreshInterval: str,
      refreshPolicy: str,
      secretStoreRef: storeRef,
      target: obj({
        name: objectName,
        creationPolicy: str,
        deletionPolicy: str,
        manifest: obj({ apiVersion: objectName, kind: objectName }),
      }),
      data: list(obj({ secretKey: objectName, remoteRef, sourceRef: obj({ storeRef }) })),
      dataFrom: list(
        obj({ extract: remoteRef, find: present, sourceRef: obj({ storeRef, generatorRef: present }) }),
      ),
    }),
    status: obj({ refreshTime: str, conditions }),
  }),
);
export type ExternalSecret = NonNullable<ReturnType<typeof externalSecrets.read>>;

const secretRef = obj({ name: objectName, namespace: objectName, key: objectName });

/** Every `...SecretRef` and `serviceAccount...` below the provider: whatever it is called, the store needs it. */
const authOf: Reader<{ secrets?: Reference[]; accounts?: Reference[] }> = (value) => {
  const secrets: Reference[] = [];
  const accounts: Reference[] = [];
  const walk = (at: unknown, key: string, depth: number) => {
    if (typeof at !== "object" || at === null || depth > 8) return;
    const fields = at as Record<string, unknown>;
    if (typeof fields.name === "string" && /^serviceAccount(Ref)?$/.test(key)) {
      accounts.push(secretRef(at) ?? {});
    } else if (
      typeof fields.name === "string" && /(secretRef|^clientCert|^clientKey|^bearerToken|^token)$/i.test(key)
    ) {
      secrets.push(secretRef(at) ?? {});
    } else {
      for (const [next, inner] of Object.entries(fields)) walk(inner, next, depth + 1);
    }
  };
  walk(value, "", 0);
  if (secrets.length + accounts.length === 0) return undefined;
  return { ...(secrets.length > 0 ? { secrets } : {}), ...(accounts.length > 0 ? { accounts } : {}) };
};

export interface Reference {
  name?: string;
  namespace?: string;
  key?: string;
}

const fieldsOfProvider = obj({
  connectHost: str,
  remoteNamespace: str,
  server: (inner) => typeof inner === "string" ? str(inner) : inner,
  vaults: keysOnly,
  vault: (inner) => typeof inner === "string" ? remoteName(inner) : undefined,
});

/** Of a provider: its name, the host it asks, what it authenticates with, and where it looks. */
const provider: Reader<Provider> = (value) => {
  if (typeof value !== "object" || value === null) return undefined;
  const [name, fields] = Object.entries(value)[0] ?? [];
  if (!name) return undefined;
  const known = part(fieldsOfProvider, fields, `.${name}`);
  const server = typeof known?.server === "string"
    ? known.server
    : part(obj({ url: str }), known?.server, `.${name}.server`)?.url;
  return {
    name,
    host: hostsIn(known?.connectHost ?? server ?? "")[0],
    secure: (known?.connectHost ?? server ?? "").startsWith("https:"),
    remoteNamespace: known?.remoteNamespace ?? (name === "kubernetes" ? "default" : undefined),
    // Connect is searched vault by vault; the provider that asks 1Password itself has one.
    vaults: known?.vaults ?? vaultOf(name, known?.vault),
    ...part(authOf, (fields as { auth?: unknown } | null)?.auth, `.${name}.auth`),
  };
};

function vaultOf(provider: string, vault: string | undefined): string[] | undefined {
  return provider === SDK && vault !== undefined ? [vault] : undefined;
}

/** The provider that asks 1Password itself, as a service account, and not through Connect. */
export const SDK = "onepasswordSDK";

export interface Provider {
  name: string;
  host?: string;
  secure?: boolean;
  /** Of the kubernetes provider: where the Secrets it copies are. */
  remoteNamespace?: string;
  /** Of 1Password: the vaults it searches. */
  vaults?: string[];
  secrets?: Reference[];
  accounts?: Reference[];
}

const store = via(
  obj({ metadata, spec: obj({ provider }), status: obj({ conditions }) }),
  ({ spec, ...kept }) => ({ ...kept, provider: spec?.provider }),
);
export type SecretStore = NonNullable<ReturnType<typeof store>>;

export const clusterSecretStores = listing("ClusterSecretStore", "clustersecretstores", store);
export const secretStores = listing("SecretStore", "secretstores", store);
