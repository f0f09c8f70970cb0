/** Words for a request to S3 that got no whole answer, or one that no S3 gives. Pure. */
import type { Failure } from "../../engine/model.ts";
import { failure, type NetworkError, networkError } from "../network_errors.ts";
import type { S3Session } from "./types.ts";
import type { AskedS3, NoAnswer } from "./send.ts";
import { command } from "../../untrusted/shell.ts";
import { isCeph } from "./vendor_codes.ts";

const CEPH = command`kubectl -n rook-ceph exec deploy/rook-ceph-tools -- ceph status`;

/** What to look at of a store that is out of order. */
export function lookAtStore({ connection }: S3Session, headers?: Headers): string {
  return isCeph(connection.url, headers)
    ? command`kubectl get pods -A -l app=rook-ceph-rgw`
    : "look whether the store runs, and at its logs";
}

/** `could not read the footer (GET /lake/a.parquet)`. */
export function subjectOf(asked: AskedS3 | undefined, { what }: S3Session): string {
  const request = asked ? `${asked.method} ${asked.path}` : "a request";
  return what ? `could not ${what}${asked ? ` (${request})` : ""}` : request;
}

/** Why there was no whole answer. */
export function noReplyFailure({ trouble, asked, got }: NoAnswer, session: S3Session): Failure {
  const subject = subjectOf(asked, session);
  const writes = asked.method !== "GET" && asked.method !== "HEAD";
  const perhaps = writes ? " It may have been done nevertheless." : "";
  switch (trouble.why) {
    case "timeout":
      return lateFailure(subject, writes, got?.bytes, session);
    case "too-big": {
      const limit = `${Math.round(trouble.limitBytes / 1024 / 1024)} MiB`;
      return failure("malformed", `${subject}: the answer is larger than ${limit}. Next: check the endpoint`);
    }
    case "closed":
      return failure("unreachable", `${subject}: the connection was closed before the answer came`);
  }
  const error = networkError(trouble.text);
  const certificate = certificateWhy(error, session);
  if (certificate) return failure("certificate", `${subject}: ${certificate}`);
  if (got) {
    const of = got.of === undefined ? "" : ` of ${got.of}`;
    return failure(
      "unreachable",
      `${subject}: the answer broke off after ${got.bytes}${of} bytes: the gateway was restarted, or something ` +
        `between cut it.${perhaps} Next: ${lookAtStore(session)}, and try again`,
    );
  }
  // What a port-forward ran into is nearer to the cause than that its connection closed.
  const known = session.connection.failure();
  if (known) return failure(known.kind, `${subject}: ${known.message}`);
  return failure("unreachable", `${subject}: ${connectionWhy(error, perhaps, session)}`);
}

function lateFailure(
  subject: string,
  writes: boolean,
  bytes: number | undefined,
  session: S3Session,
): Failure {
  const seconds = `${session.timeoutMs / 1000} s`;
  if (bytes !== undefined) {
    return failure(
      "timeout",
      `${subject}: the answer stopped after ${bytes} bytes, and nothing more came within ${seconds}. Next: ` +
        `${lookAtStore(session)}, or raise --timeout`,
    );
  }
  const look = lookAtStore(session);
  const ofCeph = isCeph(session.connection.url);
  const why = writes
    ? ofCeph
      ? "RGW holds writes without an answer when its pools are full or its placement groups are not active. It may " +
        `still be done. Next: ${CEPH}`
      : `it is slow, or its disks are full, or something on the way drops packets. It may still be done. Next: ${look}`
    : `it is slow, or something on the way drops packets. Next: ${look}${ofCeph ? `, then ${CEPH}` : ""}`;
  return failure(
    "timeout",
    `${subject}: the store gave no answer within ${seconds}: ${why}, or raise --timeout`,
  );
}

/** What is wrong with the certificate; undefined when nothing is. */
function certificateWhy(error: NetworkError, { connection }: S3Session): string | undefined {
  const at = connection.url;
  switch (error) {
    case "untrustedIssuer":
    case "caCertificate":
      return `no CA that is trusted here signed the certificate of ${at}. Next: ${
        connection.how === "given" ? "give its CA with --ca FILE" : "give its CA"
      }, and see it with ` +
        command`openssl s_client -showcerts -connect ${hostPort(at)}`;
    case "expired":
      return `the certificate of ${at} has expired or is not valid yet. Next: renew it (kubectl get certificate -A), ` +
        "and check this machine's clock";
    case "otherName":
      return `the certificate of ${at} is for another name; with buckets in the host it must be for *.HOST too. Next: ` +
        "use the name that it is for, or path style";
    case "badCertificate":
      return `the certificate of ${at} is not valid. Next: renew it`;
    default:
      return undefined;
  }
}

function connectionWhy(error: NetworkError, perhaps: string, session: S3Session): string {
  const at = session.connection.url;
  const https = at.startsWith("https:");
  switch (error) {
    case "noSuchName":
      return `the name in ${at} can't be resolved. Next: correct the endpoint, or check DNS and VPN`;
    case "refused":
      return `nothing listens at ${at}: it refused the connection. Next: ${
        lookAtStore(session)
      }, and check port and endpoint`;
    case "noRoute":
      return `${at} can't be routed to. Next: check the network and VPN`;
    case "notPermitted":
      return `${at} may not be connected to: this task lacks the permission. Next: add --allow-net`;
  }
  if (https && (error === "otherProtocol" || error === "tlsCut")) {
    return `${at} does not speak https: http is served there. Next: give the endpoint with http://`;
  }
  if (!https && (error === "otherProtocol" || error === "notHttp")) {
    return `${at} does not answer in http: perhaps https is served there. Next: give the endpoint with https://`;
  }
  const tls = https ? "" : " (a port of https closes so, too)";
  return `${at} broke the connection off before it answered${tls}.${perhaps} Next: ${lookAtStore(session)}`;
}

function hostPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}
