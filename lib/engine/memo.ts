/** What is computed once for each object that it belongs to, and goes with that object. */
export function memo<K extends object, T>(make: (key: K) => T): (key: K) => T {
  const made = new WeakMap<K, { value: T }>();
  return (key) => {
    let known = made.get(key);
    if (!known) made.set(key, known = { value: make(key) });
    return known.value;
  };
}
