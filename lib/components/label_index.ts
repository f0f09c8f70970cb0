/** Objects by namespace and label, so that selecting some of them does not look at all of them. */
import { matches } from "./fields.ts";

type Labels = Record<string, string> | undefined;

export interface LabelIndex<T> {
  /** What in the namespace has every label of the selector; an empty selector finds nothing, as in a Service. */
  select(namespace: string, selector: Labels): T[];
}

export function labelIndex<T>(
  items: readonly T[],
  of: (item: T) => { namespace: string; labels: Labels },
): LabelIndex<T> {
  const index = new Map<string, T[]>();
  for (const item of items) {
    const { namespace, labels } = of(item);
    for (const key in labels) {
      const place = `${namespace}/${key}=${labels[key]}`;
      const known = index.get(place);
      if (known) known.push(item);
      else index.set(place, [item]);
    }
  }
  return {
    select(namespace, selector) {
      const [first, ...others] = Object.entries(selector ?? {}).map(([key, value]) =>
        index.get(`${namespace}/${key}=${value}`) ?? []
      );
      if (!first) return [];
      const fewest = others.reduce((least, next) => next.length < least.length ? next : least, first);
      return others.length === 0 ? fewest : fewest.filter((item) => matches(selector, of(item).labels));
    },
  };
}
