/** What a platform consists of, how its parts are recognised, and where they usually are. Pure. */
export { isClusterDns, isDnsServer, USUAL_DNS } from "./cluster_dns.ts";
export { componentOfRole, isChartOf, isJudgedByComponent, recognise, type Role } from "./roles.ts";
export { componentOf, partsOf, usualPart } from "./usual_parts.ts";
