/** The `deno` that may be started, and with which packages. */

/** Arguments of `deno`, started in the root of the checkout: the versions of deno.lock and no others. */
export const LOCKED: readonly string[] = ["--lock=deno.lock", "--frozen"];

/**
 * By its path where every program may be started; by its name on the path in a script that was started by its own name,
 * which may start no other. Undefined when none may be started.
 */
export function startableDeno(): string | undefined {
  return [Deno.execPath(), "deno"].find((command) =>
    Deno.permissions.querySync({ name: "run", command }).state === "granted"
  );
}
