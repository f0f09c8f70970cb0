import assert from "node:assert/strict";
import { readRawReply } from "../../../lib/clients/kubernetes/replies.ts";
import { type KubeSession, subject } from "../../../lib/clients/kubernetes/failures.ts";
import { PATIENT_MS } from "../../patience.ts";

const NESSIE = "/api/v1/namespaces/data-platform/services/http:nessie:19120/proxy/api/v2/config";
const BUCKET = "/api/v1/namespaces/rook-ceph/services/rook-ceph-rgw-store:80/proxy/iceberg";
const GATEWAY_POD = "/api/v1/namespaces/rook-ceph/pods/https:gateway-0:8080/proxy/iceberg";
const TALK: KubeSession = {
  server: "https://api:6443",
  context: "test",
  clusterName: "fake",
  userName: "me",
  timeoutMs: PATIENT_MS,
  ownCa: true,
  hasCertificate: false,
  expired: () => Promise.resolve(undefined),
  secrets: () => [],
};

function apiStatus(reason: string, message: string): string {
  return JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", message, reason });
}

function read(status: number, text: string, path = NESSIE) {
  return readRawReply({ status, text }, path, TALK);
}

Deno.test("what a service says is an answer, whatever its status", () => {
  assert.deepEqual(read(200, '{"defaultBranch":"main"}'), {
    ok: true,
    answer: { status: 200, body: { defaultBranch: "main" } },
  });
  assert.deepEqual(read(500, '{"status":500}'), { ok: true, answer: { status: 500, body: { status: 500 } } });
  assert.deepEqual(read(401, "log in"), { ok: true, answer: { status: 401, body: "log in" } });
  assert.deepEqual(read(204, ""), { ok: true, answer: { status: 204 } });
});

Deno.test("a bucket's own 403 and 404 are answers", () => {
  const denied = "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>";
  assert.deepEqual(read(403, denied, BUCKET), { ok: true, answer: { status: 403, body: denied } });
  const none = "<?xml version='1.0'?><Error><Code>NoSuchBucket</Code></Error>";
  assert.deepEqual(read(404, none, BUCKET), { ok: true, answer: { status: 404, body: none } });
});

Deno.test("text is kept up to 2 KiB", () => {
  const meaning = read(200, "x".repeat(5000));
  assert(meaning.ok);
  assert.equal(meaning.answer.body, "x".repeat(2048));
});

Deno.test("that no service was reached is a 503, never the service's own answer", () => {
  const messages: [number, string, string][] = [
    [503, "ServiceUnavailable", 'no endpoints available for service "http:nessie:19120"'],
    [
      503,
      "ServiceUnavailable",
      "error trying to reach service: dial tcp 10.1.0.4:19120: connect: connection refused",
    ],
    [404, "NotFound", 'services "nessie" not found'],
  ];
  for (const [status, reason, message] of messages) {
    assert.deepEqual(read(status, apiStatus(reason, message)), {
      ok: true,
      answer: { status: 503, body: { reason: `the service did not answer: ${message}` } },
    });
  }
  assert.deepEqual(read(502, "Error trying to reach service: 'EOF'"), {
    ok: true,
    answer: {
      status: 503,
      body: { reason: "the service did not answer: Error trying to reach service: 'EOF'" },
    },
  });
});

Deno.test("what the API server itself refuses is a failure", () => {
  const why =
    'services "http:nessie:19120" is forbidden: User "me" cannot get resource "services/proxy" in API ' +
    'group "" in the namespace "data-platform"';
  assert.deepEqual(read(403, apiStatus("Forbidden", why)), {
    ok: false,
    failure: {
      kind: "forbidden",
      message: `${why}. Next: kubectl auth can-i get services/proxy -A, and ask for a role that allows it`,
    },
  });
  const refused = read(401, apiStatus("Unauthorized", "Unauthorized"));
  assert(!refused.ok);
  assert.equal(refused.failure.kind, "unauthorized");
  const busy = read(429, apiStatus("TooManyRequests", "too many requests"));
  assert(!busy.ok);
  assert.equal(busy.failure.kind, "server-error");
});

Deno.test("a pod that is asked itself answers as a service does, and takes a right of its own", () => {
  assert.deepEqual(read(404, "NoSuchBucket", GATEWAY_POD), {
    ok: true,
    answer: { status: 404, body: "NoSuchBucket" },
  });
  const why = 'pods "gateway-0" is forbidden: User "me" cannot get resource "pods/proxy"';
  const refused = read(403, apiStatus("Forbidden", why), GATEWAY_POD);
  assert.ok(!refused.ok);
  assert.match(refused.failure.message, /kubectl auth can-i get pods\/proxy -A/);
});

Deno.test("paths are named as kubectl names them", () => {
  assert.equal(subject("/api/v1/pods?limit=1"), "pods");
  assert.equal(subject("/api/v1/namespaces/x/pods"), "pods");
  assert.equal(
    subject("/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"),
    "kustomizations.kustomize.toolkit.fluxcd.io",
  );
  assert.equal(subject(NESSIE), "Service data-platform/nessie");
  assert.equal(subject(BUCKET), "Service rook-ceph/rook-ceph-rgw-store");
  assert.equal(subject(GATEWAY_POD), "Pod rook-ceph/gateway-0");
  assert.equal(subject("/readyz?verbose"), "/readyz");
  assert.equal(subject("/version"), "/version");
});
