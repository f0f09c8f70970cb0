/** Indexes that several judges share, made once for each world. */
import type { World } from "../../engine/model.ts";

/** Computes something from a world once, however many judges ask for it. */
export function perWorld<T>(make: (world: World) => T): (world: World) => T {
  const made = new WeakMap<World, { value: T }>();
  return (world) => {
    const known = made.get(world) ?? { value: make(world) };
    made.set(world, known);
    return known.value;
  };
}
