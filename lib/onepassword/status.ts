/** What `1p:status` adds to what it reads: the token it was given, and the offer it was asked for. */
import type { Asked } from "../cli.ts";
import { clusterSecretStores, secretStores } from "../components/external_secrets_kinds.ts";
import { offer } from "../components/secret_offer.ts";
import { type Grants, grants } from "../components/secret_supply_grants.ts";
import { UsageError } from "../errors.ts";
import type { Facts } from "../model.ts";
import { refKey } from "../model.ts";
import { note, print } from "../terminal.ts";
import { openWorld } from "../world.ts";
import { take } from "./sources.ts";
import { readToken } from "./token.ts";

/** The facts with what the token grants, for every 1Password store; undefined after an offer was printed. */
export async function extend(facts: Facts, { given }: Asked): Promise<Facts | undefined> {
  const wanted = given.get("offer");
  if (wanted !== undefined) {
    await printOffer(facts, wanted);
    return undefined;
  }
  const flag = given.get("token");
  return flag === undefined ? facts : withGrants(facts, await grantsOf(flag));
}

async function printOffer(facts: Facts, wanted: string): Promise<void> {
  const [namespace, name, ...rest] = wanted.split("/");
  if (!namespace || !name || rest.length > 0) {
    throw new UsageError(`--offer is ${JSON.stringify(wanted)}, and must be NAMESPACE/NAME of a Secret.`);
  }
  const made = offer(openWorld(facts), namespace, name);
  if ("refusal" in made) throw new UsageError(`There is no ExternalSecret to offer: ${made.refusal}`);
  await print(made.manifest);
}

/** An expired token is judged like any other here: the doctor says when it ended. */
async function grantsOf(flag: string): Promise<Grants> {
  const taken = await take("token", flag);
  for (const warning of taken.warnings) note(`warning: ${warning}`);
  const token = readToken(taken.value, new Date(0));
  return {
    ...token.expiresAt ? { expiresAt: token.expiresAt.toISOString() } : {},
    vaults: token.grants.map(({ vault, read, write }) => ({ id: vault, read, write })),
  };
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
