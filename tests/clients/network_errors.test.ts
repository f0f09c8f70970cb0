import assert from "node:assert/strict";
import { cannotLook, failure, networkError } from "../../lib/clients/network_errors.ts";

/** As Deno 2.9, Node and OpenSSL say it. */
const TEXTS: [text: string, error: string][] = [
  ["client error (Connect): invalid peer certificate: UnknownIssuer", "untrustedIssuer"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "untrustedIssuer"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "untrustedIssuer"],
  ["invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "caCertificate"],
  ["invalid peer certificate: certificate expired: Expired", "expired"],
  ["CERT_HAS_EXPIRED", "expired"],
  ["invalid peer certificate: NotValidYet", "expired"],
  ['invalid peer certificate: certificate not valid for name "a.example"', "otherName"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "otherName"],
  ["received fatal alert: ProtocolVersion", "tlsRefused"],
  ["received fatal alert: UnrecognisedName", "tlsRefused"],
  ["received fatal alert: CertificateRequired", "clientCertificate"],
  ["received fatal alert: HandshakeFailure", "clientCertificate"],
  ["received fatal alert: UnknownCA", "clientCertificate"],
  ["invalid peer certificate: BadSignature", "badCertificate"],
  ["CERT_REVOKED", "badCertificate"],
  ["Requests to port 6000 are blocked", "blockedPort"],
  ['NotCapable: Requires net access to "a:1", run again with --allow-net', "notPermitted"],
  ["client error (Connect): proxy authentication required", "proxyLogin"],
  ["client error (Connect): unsuccessful tunnel", "proxyRefused"],
  ["client error (Connect): Proxy server unreachable", "proxyRefused"],
  ["tcp connect error: Connection refused (os error 111)", "refused"],
  ["dns error: failed to lookup address information", "noSuchName"],
  ["getaddrinfo ENOTFOUND nessie", "noSuchName"],
  ["tcp connect error: No route to host (os error 113)", "noRoute"],
  ["Network is unreachable", "noRoute"],
  ["invalid HTTP version parsed", "otherProtocol"],
  ["received corrupt message of type InvalidContentType", "otherProtocol"],
  ["peer closed connection: tls handshake eof", "tlsCut"],
  ["received HTTP/0.9 when not allowed", "notHttp"],
  ["connection closed before message completed", "brokenOff"],
  ["ECONNRESET", "brokenOff"],
  ["nothing that is known", "other"],
];

Deno.test("what a network says is understood, whoever says it", () => {
  assert.deepEqual(TEXTS.map(([text]) => [text, networkError(text)]), TEXTS);
});

Deno.test("a message is one line of at most 500 characters", () => {
  const { kind, message } = failure("timeout", `no\nanswer ${"x".repeat(600)}`);
  assert.equal(kind, "timeout");
  assert.ok(message.startsWith("no answer") && message.length <= 500);
  assert.equal(cannotLook("timeout", "no answer").failure.message, "no answer");
});
