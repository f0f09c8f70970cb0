/** What `1p:status` adds to what it reads: the token it was given, and the ExternalSecret it was asked for. */
import type { Asked } from "../../../command.ts";
import { clusterSecretStores, secretStores } from "../../../components/external_secrets/mod.ts";
import { isReady } from "../../../components/common/mod.ts";
import { containerPort, services } from "../../../components/kubernetes/mod.ts";
import { serviceOfConnect } from "../../../components/onepassword/mod.ts";
import { type Grants, grants, offer } from "../../../components/secret_supply/mod.ts";
import { selectedPods } from "../../../components/workloads/mod.ts";
import { CannotLook, UsageError } from "../../../engine/errors.ts";
import { type Facts, refKey, type World } from "../../../engine/model.ts";
import { note, print } from "../../../cli/terminal.ts";
import { openWorld } from "../../../engine/world.ts";
import { serviceNamed } from "../connect_service.ts";
import { ask, ownTerminal, type Terminal } from "../../../cli/prompt.ts";
import { take } from "../sources.ts";
import { readToken } from "../token.ts";

/** The facts with what the token grants, for every 1Password store; undefined after an ExternalSecret was printed. */
export async function extend(facts: Facts, asked: Asked): Promise<Facts | undefined> {
  const { given } = asked;
  const wanted = given.get("print-external-secret");
  if (wanted !== undefined) {
    await printOffer(facts, wanted);
    return undefined;
  }
  const flag = given.get("token");
  return flag === undefined ? facts : withGrants(facts, await grantsOf(flag, facts, asked));
}

async function printOffer(facts: Facts, wanted: string): Promise<void> {
  const [namespace, name, ...rest] = wanted.split("/");
  if (!namespace || !name || rest.length > 0) {
    throw new UsageError(
      `--print-external-secret is ${JSON.stringify(wanted)}, and must be NAMESPACE/NAME of a Secret.`,
    );
  }
  const made = offer(openWorld(facts), namespace, name);
  if ("problem" in made) throw new UsageError(`There is no ExternalSecret to print: ${made.problem}`);
  await print(made.manifest);
}

/** An expired token is judged like any other here: the doctor says when it ended. */
async function grantsOf(flag: string, facts: Facts, asked: Asked): Promise<Grants> {
  const taken = await take("token", flag);
  for (const warning of taken.warnings) note(`warning: ${warning}`);
  const token = readToken(taken.value, new Date(0));
  const names = asked.given.has("facts") ? new Map() : await namesOf(facts, token.text, asked);
  return {
    ...token.expiresAt ? { expiresAt: token.expiresAt.toISOString() } : {},
    vaults: token.grants.map(({ vault, read, write }) => {
      const name = names.get(vault);
      return { id: vault, read, write, ...name === undefined ? {} : { name } };
    }),
  };
}

/**
 * The names of the vaults that the token opens, by id: only Connect knows them. None when it can't be asked, or when the
 * token is not to be sent to it.
 */
export async function namesOf(
  facts: Facts,
  token: string,
  asked: Asked,
  terminal = ownTerminal,
): Promise<Map<string, string>> {
  const pod = connectPod(openWorld(facts));
  if (!pod || !await mayAsk(pod, facts.context, asked.given.has("trust-connect"), terminal)) return new Map();
  const [{ forward }, { connectApi }] = await Promise.all([
    import("../../../clients/kubernetes/port_forward.ts"),
    import("../../../clients/onepassword/client.ts"),
  ]);
  try {
    const connection = await forward(asked, pod.namespace, pod.name, pod.port);
    try {
      const api = connectApi({
        url: connection.url,
        token,
        timeoutMs: asked.timeoutMs,
        why: connection.failure,
      });
      return new Map((await api.vaults()).map(({ id, name }) => [id, name]));
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    note(`Connect could not be asked what this token opens: ${error.message}`);
    return new Map();
  }
}

/** The token leaves this machine only with leave. */
async function mayAsk(
  pod: ConnectPod,
  context: string,
  trusts: boolean,
  terminal: Terminal,
): Promise<boolean> {
  const where = `1Password Connect of context ${context}, Service ${pod.service} over a port-forward`;
  if (trusts) return true;
  if (terminal.isTerminal()) {
    return await ask(`Send the token to ${where}, to learn its vaults' names?`, terminal);
  }
  note(
    `The names of its vaults are not known: the token was not sent to ${where}. Next: add --trust-connect.`,
  );
  return false;
}

interface ConnectPod {
  /** NAMESPACE/NAME, for people. */
  service: string;
  namespace: string;
  name: string;
  port: number;
}

/**
 * A Ready pod behind the Service that the stores ask, and the port of Connect's API in it. Undefined when they ask
 * another place than a Service of the cluster by its whole name.
 */
function connectPod(world: World): ConnectPod | undefined {
  const ref = serviceOfConnect(world);
  const hosts = [clusterSecretStores, secretStores].flatMap((source) => world.list(source)).flatMap((store) =>
    store.provider?.name === "onepassword" ? store.provider.host ?? [] : []
  );
  const named = hosts.map((host) => serviceNamed(`http://${host}`)).some((one) =>
    one?.name === ref?.name && one?.namespace === ref?.namespace
  );
  const service = ref && (named || hosts.length === 0) && world.get(services, ref.namespace, ref.name);
  if (!service || service.spec?.type === "ExternalName") return undefined;
  const pod = selectedPods(service, world).find(isReady);
  const port = containerPort(service.spec?.ports?.[0]?.targetPort, pod?.spec);
  const { namespace, name } = pod?.metadata ?? {};
  return namespace && name && port
    ? { service: `${ref.namespace}/${ref.name}`, namespace, name, port }
    : undefined;
}

function withGrants(facts: Facts, body: Grants): Facts {
  const world = openWorld(facts);
  const stores = [clusterSecretStores, secretStores].flatMap((source) =>
    world.list(source).filter(({ provider }) => provider?.name === "onepassword").map(({ metadata }) =>
      refKey({ kind: source.kind, namespace: metadata?.namespace, name: metadata?.name ?? "" })
    )
  );
  const answers = Object.fromEntries(stores.map((key) => [key, { status: 200, body }]));
  return { ...facts, sources: { ...facts.sources, [grants.id]: { ok: true, answers } } };
}
