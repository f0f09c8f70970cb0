/** Who we are to the API server: certificate, token, or what a login plugin says. Never logs any of it. */
import { LacksRight, UsageError } from "../../engine/errors.ts";
import { type Material, type Target } from "./kubeconfig.ts";
import { readMaterial, readText } from "./kubeconfig_files.ts";
import { askPlugin } from "./login_plugin.ts";
import type { Headers } from "../transport.ts";

/** Credentials in use. */
export interface Login {
  cert?: string;
  key?: string;
  /** Headers for a request made now; asks again when what is at hand has expired. */
  headers(): Promise<Headers>;
  /** Drops what is at hand, so that `headers` asks again; false when that would give the same. */
  renew(): boolean;
  /** What no message may contain. */
  secrets(): string[];
}

interface Token {
  value?: string;
  /** Milliseconds since the epoch. */
  expires?: number;
}

/** client-go reads token files again after a minute: kubelet renews them on disk. */
const TOKEN_FILE_MS = 60_000;

/** A token that was refused is not asked for again sooner than this. */
const RENEW_MS = 10_000;

/** The credentials of a context's user. UsageError when they can't be had. */
export async function logIn(target: Target): Promise<Login> {
  const { user, userName } = target;
  if (user.token || user.tokenFile) return await withPair(target, tokenSource(target));
  if (user.exec) return await withPlugin(target);
  if (user.authProvider) return await withPair(target, providerSource(target));
  if (user.basic && !user.cert) {
    throw new UsageError(
      `user ${userName} logs in with a username and password, which Kubernetes dropped in 1.19. ` +
        "Next: get a kubeconfig with a token, a certificate or a login plugin",
    );
  }
  return await withPair(target, undefined);
}

async function withPair(target: Target, ask: (() => Promise<Token>) | undefined): Promise<Login> {
  const { user, userName } = target;
  if (Boolean(user.cert) !== Boolean(user.key)) {
    const missing = user.cert ? "client-key" : "client-certificate";
    throw new UsageError(
      `user ${userName} has no ${missing} to go with the other. Next: get a new kubeconfig`,
    );
  }
  const read = (material: Material | undefined, what: string) =>
    material ? readMaterial(material, `the ${what} of user ${userName}`) : Promise.resolve(undefined);
  // One after the other, so that of two that are missing the same one is always told.
  const cert = await read(user.cert, "client certificate");
  const key = await read(user.key, "client key");
  const login = bearer(target, ask);
  // A token that can't be had must stop the run before it asks anything.
  await login.headers();
  return { ...login, cert, key };
}

async function withPlugin(target: Target): Promise<Login> {
  const first = await askPlugin(target);
  const login = bearer(target, () => askPlugin(target).then(tokenOf), tokenOf(first));
  return { ...login, cert: first.cert, key: first.key };
}

function tokenOf(credential: { token?: string; expires?: number }): Token {
  return { value: credential.token, expires: credential.expires };
}

function bearer(target: Target, ask: (() => Promise<Token>) | undefined, first?: Token): Login {
  const seen = new Set<string>();
  const note = (token: Token) => {
    if (token.value) seen.add(token.value);
    return token;
  };
  let current: Promise<Token> | undefined = first && Promise.resolve(note(first));
  let expires = first?.expires;
  let askedAt = performance.now();
  let renewed = false;
  const now = () => {
    if (!current || (expires !== undefined && Date.now() >= expires)) {
      expires = undefined;
      askedAt = performance.now();
      current = ask ? ask().then(note) : Promise.resolve({});
      void current.then((token) => expires = token.expires, () => current = undefined);
    }
    return current;
  };
  return {
    async headers() {
      const { value } = await now();
      const impersonate = target.user.impersonate;
      return value ? [["authorization", `Bearer ${value}`], ...impersonate] : impersonate;
    },
    renew() {
      if (!ask || (target.user.token && !target.user.tokenFile)) return false;
      // Many requests are refused at once; the first of them renews for all.
      if (performance.now() - askedAt < RENEW_MS) return renewed;
      current = undefined;
      return renewed = true;
    },
    secrets: () => [...seen],
  };
}

function tokenSource(target: Target): () => Promise<Token> {
  const { token, tokenFile } = target.user;
  // The file wins over the token, as in client-go.
  if (!tokenFile) return () => Promise.resolve({ value: token });
  return async () => {
    const what = `the token of user ${target.userName}`;
    const text = (await readText(tokenFile, what))?.trim();
    if (!text) {
      throw new UsageError(
        `${what} is to be read from ${tokenFile}, which is ${text === undefined ? "not there" : "empty"}. ` +
          "Next: put it there, or correct the kubeconfig",
      );
    }
    return { value: text, expires: Date.now() + TOKEN_FILE_MS };
  };
}

/** Not written as a literal: Deno downloads what a program imports, needed or not, before it starts. */
const CLIENT_NODE: string = "@kubernetes/client-node";

async function clientNode(userName: string): Promise<typeof import("@kubernetes/client-node")> {
  try {
    // deno-lint-ignore lakecheck/import-direction
    return await import(CLIENT_NODE);
  } catch {
    // Deno's own words name registries and directories, not what to do.
    throw new UsageError(
      `User ${userName} logs in with an auth-provider, which needs the package ${CLIENT_NODE}; it is not on this ` +
        'machine and could not be downloaded. Next: see "Without a registry" in README.md, or use a user with ' +
        "an exec plugin, a token or a certificate",
    );
  }
}

/** The old `auth-provider`s (oidc, gcp, azure) are left to @kubernetes/client-node, loaded only for them. */
function providerSource(target: Target): () => Promise<Token> {
  const { user, userName } = target;
  return async () => {
    const program = user.authProvider?.config["cmd-path"];
    if (typeof program === "string" && Deno.permissions.querySync({ name: "run" }).state !== "granted") {
      throw new LacksRight(
        "run",
        `user ${userName} logs in by the program ${program}, and this task was started without the right to start one.`,
      );
    }
    const options: { headers: Record<string, string> } = { headers: {} };
    const { KubeConfig } = await clientNode(userName);
    try {
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        { name: target.clusterName, server: target.server, skipTLSVerify: false },
        { name: userName, authProvider: user.authProvider },
      );
      await config.applyToHTTPSOptions(options);
    } catch {
      // Its own words may quote the token.
    }
    const value = options.headers["Authorization"]?.replace(/^Bearer /, "");
    if (value) return { value, expires: Date.now() + TOKEN_FILE_MS };
    throw new UsageError(
      `user ${userName} logs in with the auth-provider ${
        JSON.stringify(user.authProvider?.name ?? "")
      }, which gave ` +
        "no token. Next: log in again, or change the kubeconfig to an exec plugin (kubelogin)",
    );
  };
}
