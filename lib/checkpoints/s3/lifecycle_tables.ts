/** Where the tables of the catalog are, as Nessie says. */
import type { Asked } from "../../cli.ts";
import { type NessieApi, nessieApi } from "../../clients/nessie.ts";
import { reach } from "../../clients/reach.ts";
import { CannotLook } from "../../errors.ts";
import type { World } from "../../model.ts";
import { API_PORT, destinationOf } from "../nessie/setup_facts.ts";
import { locationOfMetadata, type TableLocation } from "./lifecycle_rules.ts";

/** Tables that are taken; a larger catalog is judged by these. */
const MOST = 20_000;

/** The tables of the catalog's default branch. CannotLook when it cannot be asked. */
export async function tablesOfNessie(world: World, asked: Asked): Promise<TableLocation[]> {
  const to = destinationOf(world, API_PORT);
  if ("failure" in to) throw new CannotLook(to.failure);
  const { kubeconfig, context, timeoutMs, signal } = asked;
  // By a port-forward, which surely leads there: who answers at the address of a Service may be somebody else.
  const way = await reach(to, { kubeconfig, context, timeoutMs, signal, forwardOnly: true });
  try {
    return await tablesOf(nessieApi({ way, timeoutMs, signal }));
  } finally {
    await way.close();
  }
}

async function tablesOf(nessie: NessieApi): Promise<TableLocation[]> {
  const tables: TableLocation[] = [];
  for await (const { key, content } of nessie.entries("-", { content: true })) {
    const file = content?.type === "ICEBERG_TABLE" ? content.metadataLocation : undefined;
    if (file) tables.push({ table: key.join("."), location: locationOfMetadata(file) });
    if (tables.length >= MOST) break;
  }
  return tables;
}
