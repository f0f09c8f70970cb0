/** Why an image cannot be pulled, out of what the container runtime says of it. */

export type PullFailure =
  | "host"
  | "unreachable"
  | "refused"
  | "rate"
  | "absent"
  | "platform"
  | "name"
  | "unknown";

/** In this order: a message wraps several errors, and the narrower one counts. */
const KINDS: readonly (readonly [kind: PullFailure, pattern: RegExp])[] = [
  ["name", /InvalidImageName|couldn't parse image|invalid reference format/i],
  ["rate", /\b429\b|toomanyrequests|rate limit/i],
  ["host", /no such host|server misbehaving|name resolution|could not resolve|NXDOMAIN/i],
  ["platform", /no match for platform|exec format error|does not match the specified platform/i],
  ["absent", /manifest unknown|name unknown|code = NotFound|: not found|\b404\b|does not exist/i],
  [
    "refused",
    /\b40[13]\b|unauthori[sz]ed|forbidden|authentication required|access denied|no basic auth|pull access denied|denied:/i,
  ],
  [
    "unreachable",
    /dial tcp|connection refused|connection reset|i\/o timeout|deadline exceeded|TLS handshake|x509:|\b50[0-4]\b|no route to host|\bEOF\b/i,
  ],
];

/** What kind of failure a message tells of; `unknown` while the runtime only waits for its next try. */
export function pullFailureOf(message: string): PullFailure {
  return KINDS.find(([, pattern]) => pattern.test(message))?.[0] ?? "unknown";
}

/** What it means, as a clause; undefined when the runtime's own words are all there is to say. */
export function pullText(
  failure: PullFailure,
  { registry, pullSecrets }: { registry: string; pullSecrets: readonly string[] },
): string | undefined {
  switch (failure) {
    case "host":
      return `the host name of its registry, ${registry}, does not resolve on the nodes (no such host)`;
    case "absent":
      return `it was not found in its registry ${registry}: there is no such name or no such tag`;
    case "refused":
      return pullSecrets.length > 0
        ? `its registry ${registry} denied access (401 or 403) with the pull Secret ${pullSecrets.join(", ")}`
        : `its registry ${registry} denied access (401 or 403): it is private and the pod has no pull Secret for it, or it was not found there`;
    case "rate":
      return `its registry ${registry} counts too many requests (429)`;
    case "platform":
      return "it has no build for the architecture of the node";
    case "name":
      return "its name is not a valid image reference (InvalidImageName)";
    default:
      return undefined;
  }
}
