/** Replies of the catalog, as trials read them. Pure. */
import type { CatalogReply } from "../../../clients/catalog_http.ts";
import { icebergError } from "../../../clients/iceberg_rest.ts";
import { quote } from "../../../redact/mod.ts";
import { own } from "../../../untrusted/lookup.ts";

/** The status with the catalog's words: `409 AlreadyExistsException: Table already exists: a.b`. */
export function words({ status, body, text }: CatalogReply): string {
  const said = icebergError(status, body);
  if (said) return quote(`${status} ${said.code || "error"}: ${said.message}`, [], 160);
  // A good answer may hold what opens the store.
  return status < 300 || text === "" ? `${status}` : quote(`${status} ${text}`, [], 160);
}

export const isGood = ({ status }: CatalogReply): boolean => status >= 200 && status < 300;

/** The value at a path of keys; undefined where there is none. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== "object" || here === null) return undefined;
    here = own(here as Record<string, unknown>, String(key));
  }
  return here;
}
