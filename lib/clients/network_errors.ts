/**
 * What every client knows of a request that failed: why there was no whole answer, and what the words of Deno
 * (rustls, hyper), of node:https and of OpenSSL mean. What to say of it, and what to do next, is each client's own. Pure.
 */
import { CannotLook } from "../engine/errors.ts";
import type { Failure, FailureKind } from "../engine/model.ts";
import { oneLine } from "../redact/mod.ts";

/** Why a request got no whole answer. */
export type TransportError =
  | { why: "timeout" }
  | { why: "too-big"; limitBytes: number }
  | { why: "closed" }
  | { why: "network"; text: string };

/** The first that fits counts: words of a certificate stand in longer texts that speak of the connection too. */
const NETWORK_ERRORS = {
  untrustedIssuer: /UnknownIssuer|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|self.signed|unable to (get|verify)/i,
  /** The certificate of a CA, given as that of a server. */
  caCertificate: /CaUsedAsEndEntity/i,
  expired: /certificate: .{0,200}Expired|CERT_HAS_EXPIRED|NotValidYet|certificate has expired/i,
  otherName: /not valid for name|NotValidForName|ERR_TLS_CERT_ALTNAME|Hostname\/IP does not match/i,
  /** A server that has no certificate, or no common version, for what was asked. */
  tlsRefused: /fatal alert: (ProtocolVersion|Unrecogni[sz]edName|NoApplicationProtocol|InternalError)/i,
  clientCertificate: /received fatal alert|alert (bad|unknown|unsupported|certificate|handshake)/i,
  badCertificate: /invalid peer certificate|BadSignature|CERT_/i,
  /** A port that no browser and no fetch asks over HTTP. */
  blockedPort: /Requests to port \d+ are blocked/,
  notPermitted: /Requires net access|NotCapable/,
  proxyLogin: /proxy authentication required/i,
  proxyRefused: /unsuccessful tunnel|proxy server unreachable|proxy closed/i,
  refused: /refused/i,
  noSuchName: /dns error|ENOTFOUND|EAI_AGAIN|lookup address|failed to lookup/i,
  noRoute: /unreachable|EHOSTUNREACH|ENETUNREACH|no route/i,
  otherProtocol:
    /invalid HTTP version|InvalidHttpVersion|corrupt message|wrong version number|InvalidContentType|unexpected message/i,
  tlsCut: /tls handshake eof/i,
  notHttp: /http.?0\.9|Parse/i,
  brokenOff:
    /reset|stream error|connection error|broken pipe|closed|unexpected eof|eof|body|incomplete|ECONNRESET|terminated/i,
} as const;

/** What a text of the network says; `other` where it is none that is known. */
export type NetworkError = keyof typeof NETWORK_ERRORS | "other";

const KNOWN = Object.entries(NETWORK_ERRORS) as [NetworkError, RegExp][];

/** What a text of the network, as a failed request gives it, says. */
export function networkError(text: string): NetworkError {
  return KNOWN.find(([, words]) => words.test(text))?.[0] ?? "other";
}

/** A Failure whose message is one line of at most 500 characters. */
export function failure(kind: FailureKind, message: string): Failure {
  return { kind, message: oneLine(message, 500) };
}

/** The same, to be thrown. */
export function cannotLook(kind: FailureKind, message: string): CannotLook {
  return new CannotLook(failure(kind, message));
}
