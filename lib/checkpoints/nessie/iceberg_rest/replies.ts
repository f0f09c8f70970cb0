/** Replies of the catalog, as trials read them. Pure. */
import type { CatalogReply } from "../../../clients/catalog_http.ts";
import { icebergError } from "../../../clients/iceberg_rest.ts";
import { quote } from "../../../redact/mod.ts";

/** The status with the catalog's words: `409 AlreadyExistsException: Table already exists: a.b`. */
export function words({ status, body, text }: CatalogReply): string {
  const said = icebergError(status, body);
  if (said) return quote(`${status} ${said.code || "error"}: ${said.message}`, [], 160);
  // A good answer may hold what opens the store.
  return status < 300 || text === "" ? `${status}` : quote(`${status} ${text}`, [], 160);
}

export const isGood = ({ status }: CatalogReply): boolean => status >= 200 && status < 300;
