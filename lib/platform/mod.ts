/** What a platform consists of, how its parts are recognised, and where they usually are. Pure. */
export {
  BROAD_ROLES,
  type BroadRole,
  isBroad,
  kindsOfRole,
  ROLE_NAMES,
  type RoleName,
  titleOfRole,
} from "./declarable.ts";
export {
  API_VERSION,
  type Declaration,
  type DeclaredRole,
  type Mute,
  type Need,
  NEEDS,
  readDeclaration,
} from "./declaration.ts";
export { durationText, type ThresholdName, THRESHOLDS } from "./thresholds.ts";
export { DNS_NAMESPACES, isClusterDns, isDnsServer, USUAL_DNS } from "./cluster_dns.ts";
export {
  ALL_ROLES,
  componentOfRole,
  isCatalog,
  isChartOf,
  isJudgedByComponent,
  isPartOfLakehouse,
  labelText,
  mayScaleToZero,
  otherCatalogTitle,
  recognise,
  type Role,
  rolesWithin,
  s3PortOf,
} from "./roles.ts";
export { declarationText } from "./written.ts";
export { componentOf, USUAL_NAMESPACE, usualPart, usualParts } from "./usual_parts.ts";
