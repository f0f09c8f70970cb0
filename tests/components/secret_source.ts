/** Lists Secrets and nothing more: for tests that need their kind without External Secrets. */
import { secrets } from "../../lib/components/kinds.ts";
import type { Component } from "../../lib/model.ts";

export const external: Component = {
  name: "secrets",
  title: "Secrets",
  dependsOn: [],
  sources: [secrets],
  namespaces: () => [],
  kinds: [],
  checks: [],
  edges: () => [],
};
