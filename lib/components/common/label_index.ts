/** Objects by namespace and label, so that selecting some of them does not look at all of them. */
import { matches } from "./fields.ts";

type Labels = Record<string, string> | undefined;

export interface LabelIndex<T> {
  /** What in the namespace has every label of the selector; an empty selector finds nothing, as in a Service. */
  select(namespace: string, selector: Labels): T[];
}

/** An index over what `inNamespace` gives; a namespace is only indexed when somebody selects in it. */
export function labelIndex<T>(
  inNamespace: (namespace: string) => readonly T[],
  labelsOf: (item: T) => Labels,
): LabelIndex<T> {
  const made = new Map<string, Map<string, T[]>>();
  const indexOf = (namespace: string): Map<string, T[]> => {
    const known = made.get(namespace);
    if (known) return known;
    const index = new Map<string, T[]>();
    made.set(namespace, index);
    for (const item of inNamespace(namespace)) {
      const labels = labelsOf(item);
      for (const key in labels) {
        const place = `${key}=${labels[key]}`;
        const others = index.get(place);
        if (others) others.push(item);
        else index.set(place, [item]);
      }
    }
    return index;
  };
  return {
    select(namespace, selector) {
      const wanted = Object.entries(selector ?? {});
      if (wanted.length === 0) return [];
      const index = indexOf(namespace);
      const [first = [], ...others] = wanted.map(([key, value]) => index.get(`${key}=${value}`) ?? []);
      const fewest = others.reduce((least, next) => next.length < least.length ? next : least, first);
      return others.length === 0 ? fewest : fewest.filter((item) => matches(selector, labelsOf(item)));
    },
  };
}
