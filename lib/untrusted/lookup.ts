/** Looking up by text from outside: `table[name]` finds what every object inherits, such as `constructor`. */

/** What the table itself has under this name. */
export function own<T>(
  table: Readonly<Record<string, T>> | undefined,
  name: string | undefined,
): T | undefined {
  return table !== undefined && name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
