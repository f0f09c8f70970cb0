/** Lists Secrets and nothing more: for tests that need their kind without External Secrets. */
import { secrets } from "../../../lib/components/kubernetes/kinds.ts";
import type { Component } from "../../../lib/engine/model.ts";

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
