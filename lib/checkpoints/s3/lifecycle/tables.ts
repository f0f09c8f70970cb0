/** Where the tables of the catalog are, as Nessie says. */
import type { Asked } from "../../../command.ts";
import { type NessieApi, nessieApi } from "../../../clients/nessie/client.ts";
import { connectToService } from "../../../clients/kubernetes/service_connection.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { World } from "../../../engine/model.ts";
import { catalogOf, destinationOf } from "../../nessie/setup/facts.ts";
import { tableLocations } from "../../nessie/setup/table_locations.ts";
import type { TableLocation } from "./rules.ts";

/** Tables that are taken; a larger catalog is judged by these. */
const MOST = 20_000;

/** The tables of the catalog, where they usually lie by their metadata. CannotLook when it cannot be asked. */
export async function tablesOfNessie(world: World, asked: Asked): Promise<TableLocation[]> {
  const catalog = catalogOf(world, asked.isPlaced);
  if ("failure" in catalog) throw new CannotLook(catalog.failure);
  const to = destinationOf(world, catalog, "api");
  if ("failure" in to) throw new CannotLook(to.failure);
  const { cluster, timeoutMs, signal } = asked;
  const connection = await connectToService(to, { cluster, timeoutMs, signal });
  try {
    return await tablesOf(nessieApi({ connection, timeoutMs, signal }));
  } finally {
    await connection.close();
  }
}

/** Of every reference: a table that only a branch knows is live there. */
async function tablesOf(nessie: NessieApi): Promise<TableLocation[]> {
  const tables = new Map<string, TableLocation>();
  for await (const { name, location, metadataLocation } of tableLocations(nessie)) {
    if (!tables.has(location)) tables.set(location, { table: name, location, metadataLocation });
    if (tables.size >= MOST) break;
  }
  return [...tables.values()];
}
