/** A recorded platform behind an API server, and commands that are run on it as the tasks of deno.json run them. */
import { components } from "../../lib/components/mod.ts";
import type { SecretMeta } from "../../lib/components/kubernetes/kinds.ts";
import { doctor } from "../../lib/procedures/onepassword/status/mod.ts";
import { sourcesOf } from "../../lib/engine/collect.ts";
import { isList } from "../../lib/engine/model.ts";
import {
  apiError,
  type Behaviour,
  type FakeApiServer,
  kubeconfigFor,
  serveFake,
} from "../fakes/api_server.ts";
import { FAKE_KEYS } from "../fakes/s3/mod.ts";
import { taskArguments } from "../../tools/task_arguments.ts";
import { ROOT } from "../tools/tasks.ts";
import { scenario } from "../truth/commands.ts";

/** Stands where values of the platform are that no command may keep. */
export const CANARY = "canary-3f9c-value-of-the-platform";
/** The login of the kubeconfig. */
export const TOKEN = "canary-7d21-token-of-the-user";

const POD = {
  metadata: { name: "canary", namespace: "data-platform" },
  spec: {
    containers: [{ name: "c", env: [{ name: "PASSWORD", value: CANARY }], args: [`--key=${CANARY}`] }],
  },
  status: { phase: "Running" },
};
const CONFIG_MAP = { metadata: { name: "canary", namespace: "data-platform" }, data: { "a.conf": CANARY } };
const SECRET = {
  metadata: { name: "canary", namespace: "data-platform" },
  data: { password: new TextEncoder().encode(CANARY).toBase64() },
  stringData: { password: CANARY },
};

/** The values of any Secret: keys that open the fake object store, and the canary for all else. */
function secretAt(path: string, keys: readonly string[]): Response {
  const valueOf = (key: string) =>
    /^(?:aws_)?access.?key(?:.?id)?$/i.test(key)
      ? FAKE_KEYS.accessKeyId
      : /secret/i.test(key)
      ? FAKE_KEYS.secretAccessKey
      : CANARY;
  const data = keys.map((key) => [key, new TextEncoder().encode(valueOf(key)).toBase64()]);
  const [, , , , namespace = "", , name = ""] = path.split("/");
  return Response.json({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    data: Object.fromEntries(data),
  });
}

/** Answers as the API server of the recorded platform, with a pod, a ConfigMap, a Secret and logs that hold the canary. */
export async function platformBehaviour(): Promise<Behaviour> {
  const { sources } = await scenario("nessie-oom");
  const secrets = sources.secrets?.ok && "items" in sources.secrets
    ? sources.secrets.items as SecretMeta[]
    : [];
  const keysOf = new Map(
    secrets.map(({ metadata }) => [
      `/api/v1/namespaces/${metadata?.namespace}/secrets/${metadata?.name}`,
      metadata?.keys ?? [],
    ]),
  );
  const lists = new Map(
    [...sourcesOf(components), ...sourcesOf(doctor)].filter(isList).map((source) => {
      const found = sources[source.id];
      return [source.path.replace(/\?.*/, ""), found?.ok && "items" in found ? found.items : []];
    }),
  );
  const more = new Map<string, unknown>([
    ["/api/v1/pods", POD],
    ["/api/v1/configmaps", CONFIG_MAP],
    ["/api/v1/secrets", SECRET],
  ]);
  return (path) => {
    const keys = keysOf.get(path);
    if (keys) return secretAt(path, keys);
    if (path === "/version") return Response.json({ gitVersion: "v1.36.3" });
    if (/^\/(?:livez|readyz)/.test(path)) return new Response("ok");
    if (path.endsWith("/log")) return new Response(`connecting with ${CANARY}\n`);
    if (path.includes("/proxy")) return Response.json({ status: "UP", secret: CANARY });
    const items = lists.get(path);
    if (!items) return apiError(404, "NotFound", "the server could not find the requested resource");
    const own = more.get(path);
    return Response.json({ kind: "List", metadata: {}, items: own ? [...items, own] : items });
  };
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Place {
  server: FakeApiServer;
  /** Home, temporary directory and current directory of what is run, with the kubeconfig in it. */
  directory: string;
  /** Runs the task with `args`; `net` are the only hosts that it may connect to, in place of all. */
  run(task: string, args?: readonly string[], net?: readonly string[]): Promise<Ran>;
}

/** The platform, and a place of its own for whatever is run on it. */
export async function onPlatform(use: (place: Place) => Promise<void>): Promise<void> {
  await using server = serveFake(await platformBehaviour());
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "lakecheck-security-" }));
  const kubeconfig = `${directory}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, kubeconfigFor(server.url, { token: TOKEN }));
  try {
    await use({
      server,
      directory,
      run: (task, args = [], net = [new URL(server.url).host]) =>
        runTask(task, ["--kubeconfig", kubeconfig, ...args], directory, net),
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The task's own command line, but for the network, without the task runner between. */
async function runTask(
  task: string,
  args: readonly string[],
  directory: string,
  net: readonly string[],
): Promise<Ran> {
  const own = taskArguments(task).map((word) =>
    word === "--allow-net"
      ? `--allow-net=${net.join(",")}`
      : word.startsWith("scripts/")
      ? `${ROOT}/${word}`
      : word
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...own, ...args],
    cwd: directory,
    env: { NO_COLOR: "1", HOME: directory, TMPDIR: directory, DENO_DIR: denoDir() },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function denoDir(): string {
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`;
}

/** Every file below a directory, by its path from there, with its text. */
export function filesIn(directory: string, below = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of Deno.readDirSync(`${directory}/${below}`)) {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory) { for (const [name, text] of filesIn(directory, path)) found.set(name, text); }
    else found.set(path, Deno.readTextFileSync(`${directory}/${path}`));
  }
  return found;
}
