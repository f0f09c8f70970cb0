/** Components for facts of a run that asked no cluster: what would need one says so, and the rest is judged as always. */
import { type Check, type Component, isRecord, type KindCheck, type Source } from "../model.ts";

const MESSAGE = "was not looked at because this run asks no cluster";

/** The same components; each check that reads a list or a probe of the cluster is skipped, with the reason. */
export function withoutCluster(components: readonly Component[]): Component[] {
  return components.map((component) => ({
    ...component,
    sources: component.sources.filter(isRecord),
    kinds: [],
    checks: [
      ...component.kinds.map(skippedKind),
      ...component.checks.map((check) => asksCluster(check, component) ? skipped(check) : check),
    ],
  }));
}

/** Also one that says nothing of what it needs, in a component that reads lists. */
const asksCluster = ({ needs, okNeeds = [] }: Check, { sources }: Component): boolean =>
  [...needs, ...okNeeds].some(isOfCluster) || (needs.length === 0 && sources.some(isOfCluster));

const isOfCluster = (source: Source): boolean => !isRecord(source);

function skipped({ id, title, explain, object }: Check): Check {
  return {
    id,
    title,
    explain,
    needs: [],
    object,
    run: () => [{ status: "skipped", reason: "NoCluster", message: `${title}: ${MESSAGE}` }],
  };
}

const skippedKind = ({ id, title, explain, source }: KindCheck): Check =>
  skipped({ id, title, explain, needs: [], object: () => ({ kind: source.kind, name: "*" }), run: () => [] });
