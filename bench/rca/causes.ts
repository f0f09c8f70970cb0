/**
 * What a first root must say, in its reason and message, for each cause of the benchmark. `exact`: a reader picks this one
 * of its 49 kinds of fault and no other fits as well. `family`: the mechanism is named, and two or more kinds remain.
 */
export interface Wanted {
  exact: RegExp;
  family: RegExp;
}

const PROTOCOL =
  "(malformed HTTP|HTTP/1\\.x transport|protocol|speaks (gRPC|HTTP)|first record does not look|HTTP (probe|check) .*gRPC|gRPC (probe|check) .*HTTP|error reading server preface|http2: )";
const PORT =
  "(port \\d+.{0,80}(declare|listen|no container|none of|not one of|instead of|nobody|no process|differ|wrong|other than|but )|wrong port|asks? port \\d+)";
/** Nothing is of such a family. */
const NONE = /(?!)/;

const wanted = (exact: string | RegExp, family: RegExp): Wanted => ({ exact: new RegExp(exact), family });

export const CAUSES: Readonly<Record<string, Wanted>> = {
  missing_service_account: wanted(
    /ServiceAccount \S+ does not exist|service ?account "?[\w-]+"? not found/,
    /service ?account/,
  ),
  namespace_cpu_quota_exceeded: wanted(/exceeded quota.*requested: [^:]*cpu=|quota.*cpu/, /quota/),
  namespace_memory_quota_exceeded: wanted(/exceeded quota.*requested: [^:]*memory=|quota.*memory/, /quota/),
  namespace_pod_quota_exceeded: wanted(
    /exceeded quota.*requested: [^:]*pods=|quota.*\bpods\b.*(full|used|of \d)/,
    /quota/,
  ),
  namespace_service_quota_exceeded: wanted(/quota.*services|services.*quota/, /quota/),
  namespace_storage_quota_exceeded: wanted(
    /quota.*(storage|persistentvolumeclaims)|(storage|persistentvolumeclaims).*quota/,
    /quota/,
  ),
  containerd_unavailable: wanted(/container runtime is down|containerd/, /NodeNotReady/),
  kubelet_unavailable: wanted(
    /[Kk]ubelet (stopped posting|does not|has not|is not|is down)|kubelet has never/,
    /NodeNotReady/,
  ),
  kube_proxy_unavailable: wanted(/kube-?proxy/, NONE),
  kube_scheduler_unavailable: wanted(/no scheduler has looked at it|kube-scheduler/, /NotScheduled/),
  node_network_delay: wanted(/(latency|delay).*network|network.*(latency|delay)/, /network/),
  node_network_packet_loss: wanted(/packet loss|(drops|loses) packets/, /network/),
  pod_cpu_overload: wanted(/\bcpu\b.*(throttl|overload|satur|at its limit)/, /\bcpu\b/),
  pod_network_delay: wanted(/(latency|delay).*network|network.*(latency|delay)/, /network/),
  liveness_probe_incorrect_protocol: wanted(`[Ll]iveness.*${PROTOCOL}`, /[Ll]iveness/),
  liveness_probe_incorrect_port: wanted(`[Ll]iveness.*${PORT}`, /[Ll]iveness/),
  liveness_probe_incorrect_timing: wanted(
    /[Ll]iveness.*(initialDelay|too (early|soon|short)|starts? slower|before it has started|needs? longer|timing|gives? (it )?up after)/,
    /[Ll]iveness/,
  ),
  readiness_probe_incorrect_protocol: wanted(`[Rr]eadiness.*${PROTOCOL}`, /[Rr]eadiness/),
  readiness_probe_incorrect_port: wanted(`[Rr]eadiness.*${PORT}`, /[Rr]eadiness/),
  oom_killed: wanted(/OOM|memory limit/, /memory/),
  node_cordon_mismatch: wanted(/cordoned|\b(?:3|4) node\(s\) were unschedulable/, /unschedulable/),
  node_selector_mismatch: wanted(/nodeSelector|node selector/, /affinity\/selector/),
  node_affinity_mismatch: wanted(/nodeAffinity|node affinity(?!\/selector)/, /affinity\/selector/),
  pod_anti_affinity_conflict: wanted(/anti-?[aA]ffinity/, /affinity/),
  taint_toleration_mismatch: wanted(
    /^(?!.*affinity\/selector).*(untolerated taint|\btaint)/,
    /taint|toleration/,
  ),
  cpu_capacity_mismatch: wanted(/Insufficient cpu/, /[Ii]nsufficient/),
  memory_capacity_mismatch: wanted(/Insufficient memory/, /[Ii]nsufficient/),
  pvc_storage_class_mismatch: wanted(
    /StorageClass \S+ does not exist|storage ?class.*(not found|differ|of class)/,
    /StorageClass|not bound/,
  ),
  pvc_capacity_mismatch: wanted(
    /(asks? for|requests?|wants?) \d+\w*.*(has|offers?|only|largest|smaller|at most)|too small|larger than/,
    /not bound|volume/,
  ),
  pvc_access_mode_mismatch: wanted(/access ?modes?|Read(Write|Only)(Once|Many)/, /not bound|volume/),
  pvc_selector_mismatch: wanted(/selector/, /not bound|volume/),
  pv_binding_occupied: wanted(
    /(bound|claimed|taken|reserved|belongs?) (already )?(to|by|for)\b|occupied|another claim/,
    /not bound|volume/,
  ),
  service_env_var_address_mismatch: wanted(
    /(env\b|environment|configuration).*(does not exist|no such|no Service|unknown)|Service \S+ does not exist.*need|(host|Service) \S+ .*does not exist.*(env|names)/,
    /does not resolve|no such host|connection/,
  ),
  service_port_mapping_mismatch: wanted(
    /(targetPort|port) \S+.*(leads nowhere|no pod|no container|nobody|none of|does not listen|declare)|port \d+ leads/,
    /connection is refused|port/,
  ),
  service_protocol_mismatch: wanted(/\bUDP\b|protocol/, /port/),
  service_selector_mismatch: wanted(/selector \S+ matches no pod/, /no ready endpoints/),
  image_registry_dns_failure: wanted(
    /no such host|server misbehaving|does not resolve/,
    /cannot be (pulled|reached)|pull/,
  ),
  incorrect_image_reference: wanted(
    /not found|NotFound|manifest unknown|InvalidImageName|couldn.t parse/,
    /cannot be pulled|pull/,
  ),
  missing_image_pull_secret: wanted(
    /\b40[13]\b|[Uu]nauthori[sz]ed|authentication required|denied|no basic auth|imagePullSecret|pull [Ss]ecret|Secret \S+ does not exist, and Image/,
    /cannot be pulled|pull/,
  ),
  volume_mount_permission_denied: wanted(
    /(volume|mount|director|file|\/data|path).*(permission|denied|writ)|(permission|denied|writ).*(volume|mount|director|file|\/data|path)/,
    /access is denied|permission/,
  ),
  db_connection_exhaustion: wanted(
    /[Tt]oo many connections|connections? .*(exhaust|used up|all taken|full)/,
    /connection/,
  ),
  db_read_only: wanted(/read.?only/, NONE),
  deployment_zero_replicas: wanted(
    /scaled to zero|ScaledToZero|asks? for no pods|0 replicas/,
    /no pods/,
  ),
  mysql_invalid_credentials: wanted(
    /login is refused|Access denied for user|(password|credential)s?\b.*(wrong|invalid|refused|rejected)|authentication/,
    /access is denied|denied/,
  ),
  mysql_invalid_port: wanted(
    /(mysql|tsdb|database)\S*.*port \d+|port \d+.*(mysql|tsdb|database)|no Service .*port/,
    /connection (is refused|times out)|refused/,
  ),
  service_sidecar_port_conflict: wanted(
    /port.*(in use|conflict|already|twice|both|same)|(address|port) (is )?(already )?in use/,
    /sidecar|istio/,
  ),
  gateway_misroute: wanted(/rout(e|es|ing)\b/, /gateway/),
  service_dns_resolution_failure: wanted(
    /dnsPolicy|dnsConfig|nameserver|host names? do(es)? not resolve|names do not resolve|no such host/,
    /\bDNS\b/,
  ),
  missing_secret_binding: wanted(/[Ss]ecret "?[\w./-]+"? (not found|does not exist)/, /[Ss]ecret/),
};
