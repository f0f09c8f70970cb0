/** Looking up by text from outside: `table[name]` finds what every object inherits, such as `constructor`. */

/** What the table itself has under this name. */
export function own<T>(
  table: Readonly<Record<string, T>> | undefined,
  name: string | undefined,
): T | undefined {
  return table !== undefined && name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The value at a path of own keys and of places in lists; undefined where there is none. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== "object" || here === null) return undefined;
    here = own(here as Record<string, unknown>, String(key));
  }
  return here;
}
