/** How messages are put together: the object before what is said of it, numbers with their nouns. */
import type { Judgement, ObjectRef } from "./model.ts";
import { refText } from "./model.ts";

/** What a judge says of this object as a whole sentence: `Deployment lake/catalog is scaled to zero`. */
export function about<T extends Pick<Judgement, "message">>(ref: ObjectRef, judged: T): T {
  return { ...judged, message: `${refText(ref)} ${judged.message}` };
}

/** The message, with the object before it when it does not name it. */
export function withObject(ref: ObjectRef, message: string): string {
  return ref.name === "*" || message.includes(ref.name) ? message : `${refText(ref)}: ${message}`;
}

/** `a`, `a and b`, `a, b and c`; of more than `most` the first ones: `a, b, c and 2 more`. */
export function listed(names: readonly string[], most = 3): string {
  const [shown, last] = names.length > most
    ? [names.slice(0, most), `${names.length - most} more`]
    : [names.slice(0, -1), names.at(-1) ?? ""];
  return shown.length > 0 ? `${shown.join(", ")} and ${last}` : last;
}

/** `1 fault`, `2 faults`; the plural may be given. */
export function count(n: number, one: string, many: string = plural(one)): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** The plural of an English noun or of a Kubernetes kind. */
export function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return noun.slice(0, -1) + "ies";
  if (/(?:s|x|ch|sh)$/.test(noun)) return noun.endsWith("ss") || !noun.endsWith("s") ? noun + "es" : noun;
  return noun + "s";
}

/** `are` for any number but 1. */
export function are(n: number): "is" | "are" {
  return n === 1 ? "is" : "are";
}
