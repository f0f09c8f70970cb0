/** Where the platform is, for procedures that read little else of it. */
import { connect } from "../clients/kubernetes/client.ts";
import type { Asked } from "../command.ts";
import { components } from "../components/mod.ts";
import { configMaps } from "../components/kubernetes/mod.ts";
import { PART_SOURCES } from "../components/workloads/mod.ts";
import { collect, homeOf } from "../engine/collect.ts";

/** The namespace that was asked for; else the one where most parts of the platform are found, by the lists of what may be one. */
export async function platformNamespace(asked: Asked): Promise<string> {
  if (asked.isPlaced) return asked.namespace;
  const client = await connect(asked);
  try {
    const facts = await collect(client, [...PART_SOURCES, configMaps], { namespace: "" });
    return homeOf(components, facts) ?? asked.namespace;
  } finally {
    client.close();
  }
}
