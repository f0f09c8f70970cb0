/** Waiting with a limit. */
import { CannotLook } from "../engine/errors.ts";

/** The promise, or CannotLook after that time; what it was doing may go on. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const limit = AbortSignal.timeout(ms);
  const stop = () =>
    late.reject(new CannotLook({ kind: "timeout", message: `it took longer than ${ms / 1000} s` }));
  limit.addEventListener("abort", stop);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    limit.removeEventListener("abort", stop);
  }
}
