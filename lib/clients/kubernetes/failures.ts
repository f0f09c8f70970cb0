/**
 * Turns what stands in the way of an answer into a Failure: one line of what, why and what to do next.
 * Pure. What concerns the API server as a whole gives the same words for every path, so that a report
 * can say it once.
 */
import type { Failure } from "../../engine/model.ts";
import { failure, type NetworkError, networkError, type TransportError } from "../network_errors.ts";

/** Who asks whom; what messages may say. */
export interface KubeSession {
  server: string;
  context: string;
  clusterName: string;
  userName: string;
  timeoutMs: number;
  /** The kubeconfig says whom to trust; else this machine does. */
  ownCa: boolean;
  /** A client certificate is shown. */
  hasCertificate: boolean;
  /** `host:port` by which the server is asked, and what names it. */
  proxy?: { address: string; from: string };
  /** Says when the client certificate expired, if it has. */
  expired(): Promise<string | undefined>;
  /** What the server may quote and no message may hold. */
  secrets(): readonly string[];
}

/** The failure that a request without a whole answer comes to; `writes`: it may have been carried out nevertheless. */
export async function transportFailure(
  trouble: TransportError,
  path: string,
  session: KubeSession,
  writes = false,
): Promise<Failure> {
  switch (trouble.why) {
    case "timeout":
      return timeoutFailure(path, session, writes);
    case "too-big": {
      const limit = `${Math.round(trouble.limitBytes / 1024 / 1024)} MiB`;
      return failure(
        "malformed",
        `the answer to ${subject(path)} is larger than ${limit}, so it was not read`,
      );
    }
    case "closed":
      return failure("unreachable", "the client was closed before the answer came");
    case "network":
      return await networkFailure(trouble.text, session, writes);
  }
}

const PERHAPS_DONE =
  "What was to be written may have been. Next: run this again, which is safe; if it happens again, ";

function timeoutFailure(path: string, session: KubeSession, writes: boolean): Failure {
  const seconds = `${session.timeoutMs / 1000} s`;
  const service = proxiedService(path);
  if (service) {
    return failure(
      "timeout",
      `${service} gave no answer through the API server within ${seconds}. Next: look at its pods, or raise --timeout`,
    );
  }
  return failure(
    "timeout",
    `the API server ${session.server} gave no answer within ${seconds}: it is slow, or something on the way drops ` +
      `packets. ${writes ? PERHAPS_DONE : "Next: "}kubectl get --raw /readyz, or raise --timeout`,
  );
}

async function networkFailure(text: string, session: KubeSession, writes: boolean): Promise<Failure> {
  const at = `the API server ${session.server}`;
  const cluster = `cluster ${session.clusterName} of the kubeconfig`;
  const error = networkError(text);
  switch (error) {
    case "untrustedIssuer":
    case "caCertificate":
      return failure("certificate", untrusted(at, cluster, session));
    case "expired":
      return failure(
        "certificate",
        `the certificate of ${at} has expired or is not valid yet. Next: renew it on the control plane ` +
          "(kubeadm certs check-expiration), and check this machine's clock",
      );
    case "otherName":
      return failure(
        "certificate",
        `the certificate of ${at} is for another name. Next: correct server or tls-server-name of ${cluster}`,
      );
    case "clientCertificate":
      return failure("certificate", await clientCertificate(at, session));
    case "badCertificate":
      return failure(
        "certificate",
        `the certificate of ${at} is not valid. Next: renew it on the control plane`,
      );
    default:
      return failure("unreachable", `${at} ${unreachableWhy(error, session, writes)}`);
  }
}

function untrusted(at: string, cluster: string, { ownCa }: KubeSession): string {
  return ownCa
    ? `no CA that ${cluster} trusts signed the certificate of ${at}. Next: correct its certificate-authority-data`
    : `no CA that this machine trusts signed the certificate of ${at}, and ${cluster} names no CA. ` +
      "Next: put the server's CA into its certificate-authority-data, or name a file with it in SSL_CERT_FILE";
}

async function clientCertificate(at: string, session: KubeSession): Promise<string> {
  const { userName, hasCertificate } = session;
  if (!hasCertificate) {
    return `${at} asks for a client certificate, and user ${userName} of the kubeconfig has none. ` +
      "Next: get a kubeconfig with client-certificate-data and client-key-data";
  }
  const why = await session.expired() ?? "its CA may not be the one that the server trusts";
  return `${at} rejected the client certificate of user ${userName}: ${why}. Next: get a new kubeconfig`;
}

function unreachableWhy(error: NetworkError, session: KubeSession, writes: boolean): string {
  const { proxy } = session;
  const look = "check the server address of the context, and that the API server runs";
  const check = `Next: ${look}`;
  if (proxy && THROUGH_PROXY[error]) {
    return `can't be reached through the proxy ${proxy.address}, ${
      THROUGH_PROXY[error]
    }. Next: check ${proxy.from}, ` +
      "and that the proxy runs and may connect to the API server";
  }
  switch (error) {
    case "proxyLogin":
      return `can't be reached: the proxy ${
        proxy?.address ?? "of this machine"
      } wants another user and password. ` +
        `Next: put them into ${proxy?.from ?? "HTTPS_PROXY"}`;
    case "refused":
      return `refused the connection: nothing listens there. ${check}`;
    case "noSuchName":
      return "has a name that can't be resolved. Next: check the server address of the context, DNS and VPN";
    case "noRoute":
      return "can't be routed to. Next: check the network and VPN";
    case "otherProtocol":
      return "does not speak the protocol of its address (http or https). Next: correct the server address of the context";
    case "tlsRefused":
      return "ended the TLS handshake: it may speak only versions before TLS 1.2, or know no such name. " +
        "Next: check the server address and tls-server-name of the context";
    case "notPermitted":
      return "may not be connected to: this task lacks the permission. Next: add --allow-net";
    case "tlsCut":
    case "brokenOff":
      return `broke the connection off before its answer was whole. ${writes ? PERHAPS_DONE + look : check}`;
    default:
      return `can't be reached. ${check}`;
  }
}

/** What may be the proxy's doing, and no request has been sent yet. */
const THROUGH_PROXY: Partial<Record<NetworkError, string>> = {
  proxyRefused: "which did not connect to it",
  refused: "where the connection was refused",
  noSuchName: "as a name can't be resolved",
  noRoute: "to which there is no route",
};

/** Whom a path through the API server's proxy leads to: `Service lake/nessie`, `Pod store/gateway-0`. */
export function proxiedService(path: string): string | undefined {
  const match = /^\/api\/v1\/namespaces\/([^/]+)\/(services|pods)\/([^/]+)\/proxy(\/|\?|$)/.exec(path);
  const [, namespace, kind, target] = match ?? [];
  if (!namespace || !target) return undefined;
  const parts = decodeURIComponent(target).split(":");
  return `${kind === "pods" ? "Pod" : "Service"} ${namespace}/${parts.length === 3 ? parts[1] : parts[0]}`;
}

/** What a path asks for, as kubectl would name it: `pods`, `clusters.postgresql.cnpg.io`, else the path. */
export function subject(path: string): string {
  const bare = path.replace(/\?[^]*/, "");
  const match = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/|$)/.exec(bare);
  const [, group, resource] = match ?? [];
  if (!resource || proxiedService(path)) return proxiedService(path) ?? bare;
  return group ? `${resource}.${group}` : resource;
}
