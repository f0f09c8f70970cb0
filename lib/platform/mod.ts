/** What a platform consists of, how its parts are recognised, and where they usually are. Pure. */
export { isClusterDns, isDnsServer, USUAL_DNS } from "./cluster_dns.ts";
export {
  ALL_ROLES,
  componentOfRole,
  isChartOf,
  isJudgedByComponent,
  isPartOfLakehouse,
  labelText,
  otherCatalogTitle,
  recognise,
  type Role,
} from "./roles.ts";
export { componentOf, usualPart, usualParts } from "./usual_parts.ts";
