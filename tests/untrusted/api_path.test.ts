import assert from "node:assert/strict";
import fc from "fast-check";
import {
  escapedKey,
  isLabel,
  isSubdomain,
  kubePath,
  restPath,
  sendable,
} from "../../lib/untrusted/api_path.ts";
import { CannotLook } from "../../lib/engine/errors.ts";

/** Names that lead elsewhere when they are put into a path as they are. */
const HOSTILE = [
  "",
  ".",
  "..",
  "../x",
  "x/..",
  "a/b",
  "/a",
  "a/",
  "a\\b",
  "%2e%2e",
  "a%2fb",
  "a?b",
  "a#b",
  "a b",
  "a\tb",
  "a\nb",
  "a\0",
  "a;b",
  "ä",
  "\ud800",
  "A",
  "a_b",
  "-a",
  "a-",
  "a..b",
  ".a",
  "a.",
  "a".repeat(254),
  "undefined/../x",
];

/** Any UTF-16, halves of surrogate pairs too; ASCII half of the time. */
const anyText = fc.array(fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 0, max: 0xffff })))
  .map((codes) => String.fromCharCode(...codes));

const refused = (work: () => unknown) =>
  assert.throws(work, (error) => error instanceof CannotLook && error.failure.kind === "malformed");

Deno.test("names are taken as RFC 1123 has them, and nothing else is", () => {
  for (const name of ["a", "0", "a-b", "0a", "a".repeat(63)]) {
    assert.ok(isLabel(name) && isSubdomain(name), name);
  }
  for (const name of ["a.b", "a".repeat(64), "a-.b", "x.y-z.0"]) {
    assert.equal(isLabel(name), false, name);
  }
  assert.ok(isSubdomain("a.b-c.0") && isSubdomain("a".repeat(253)));
  assert.equal(isSubdomain("a-.b"), false);
  for (const name of HOSTILE) assert.equal(isSubdomain(name) || isLabel(name), false, JSON.stringify(name));
});

Deno.test("a path of the Kubernetes API is made of valid names only, in every place", () => {
  assert.equal(
    kubePath`/api/v1/namespaces/${"payments"}/secrets/${"a.b"}`,
    "/api/v1/namespaces/payments/secrets/a.b",
  );
  assert.equal(
    kubePath`/api/v1/namespaces/${"a"}/services/${"b"}:${80}/proxy`,
    "/api/v1/namespaces/a/services/b:80/proxy",
  );
  for (const name of HOSTILE) {
    refused(() => kubePath`/api/v1/namespaces/${name}/pods`);
    refused(() => kubePath`/api/v1/namespaces/a/pods/${name}`);
    refused(() => kubePath`/api/v1/namespaces/a/pods/${name}/log`);
    refused(() => kubePath`/api/v1/namespaces/a/services/${name}:80/proxy`);
    refused(() => kubePath`/api/v1/namespaces/a/services/b:${name}/proxy`);
    refused(() => kubePath`/apis/${name}/v1/things`);
  }
  // A namespace and a port have no dots.
  refused(() => kubePath`/api/v1/namespaces/${"a.b"}/pods`);
  refused(() => kubePath`/api/v1/namespaces/a/services/b:${"8.0"}/proxy`);
});

Deno.test("names of RBAC are path segments: colons are theirs, slashes and dots alone are not", () => {
  const role = (name: string) => kubePath`/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`;
  assert.equal(role("system:node"), "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode");
  for (const name of ["", ".", "..", "a/b", "a%2fb", "../x"]) refused(() => role(name));
});

Deno.test("what stands in a query is escaped, whatever it is", () => {
  assert.equal(
    kubePath`/api/v1/pods?labelSelector=${"a=b,c/d=e"}`,
    "/api/v1/pods?labelSelector=a%3Db%2Cc%2Fd%3De",
  );
  assert.equal(
    restPath`/v1/vaults?filter=${'name eq "a&b"'}&x=${"#"}`,
    "/v1/vaults?filter=name%20eq%20%22a%26b%22&x=%23",
  );
});

Deno.test("a path may begin with one that was made before, and nothing else may", () => {
  const base = kubePath`/api/v1/namespaces/${"a"}`;
  assert.equal(kubePath`${base}/pods`, "/api/v1/namespaces/a/pods");
  assert.equal(restPath`/v1/${"main|lake"}${"/namespaces"}`, "/v1/main%7Clake/namespaces");
  assert.equal(restPath`${""}/v1`, "/v1");
  for (const path of ["api", "..", "/a/../b", "/a/%2E%2e/b", "/a#", "/a\\..\\b", "/a b", "https://evil/"]) {
    refused(() => kubePath`${path}/pods`);
    refused(() => restPath`/v1/${"a"}${path}`);
  }
});

Deno.test("a segment of another API is escaped whole, its slashes too, and dots alone are refused", () => {
  assert.equal(restPath`/trees/${"feature/x@0a"}/entries`, "/trees/feature%2Fx%400a/entries");
  assert.equal(restPath`/n/${"a\u001fb"}/t/${"it's (new)*!"}`, "/n/a%1Fb/t/it%27s%20%28new%29%2A%21");
  for (const name of ["", ".", ".."]) {
    refused(() => restPath`/namespaces/a/tables/${name}`);
    refused(() => restPath`/namespaces/${name}/tables`);
  }
  assert.equal(restPath`/t/${"..."}`, "/t/...");
});

Deno.test("whatever a name holds, a URL of the path has as many segments as the path, and gives the name back", () => {
  fc.assert(fc.property(anyText.filter((text) => text !== ""), (name) => {
    if (name === "." || name === "..") return;
    const { pathname, search, hash } = new URL(`http://host${restPath`/a/${name}/b`}`);
    const [, a, given = "", b, ...more] = pathname.split("/");
    assert.deepEqual([a, b, more, search, hash], ["a", "b", [], "", ""]);
    assert.equal(decodeURIComponent(given), name.toWellFormed());
  }));
});

Deno.test("a client sends only a path that a URL leaves as it is", () => {
  for (const path of ["/", "/a", "/a/b?c=../d", "/a//b", "/a/.../b", "/a/..b", "/a%2Fb"]) {
    assert.equal(sendable(path), path);
    assert.equal(new URL(`http://host${path}`).href, `http://host${path}`);
  }
  for (
    const path of [
      "",
      "a",
      "/..",
      "/.",
      "/a/../b",
      "/a/..",
      "/a/.?x",
      "/%2e%2E/a",
      "/.%2e/a",
      "/a\\b",
      "/a#b",
      "/a\nb",
      "/ä",
      "/a b",
    ]
  ) refused(() => sendable(path));
});

Deno.test("a key of S3 keeps its slashes and loses nothing else", () => {
  assert.equal(escapedKey("dt=2026-11-21/ä+1%.parquet"), "dt%3D2026-11-21/%C3%A4%2B1%25.parquet");
  assert.equal(escapedKey("a/b-c_d.e~f"), "a/b-c_d.e~f");
  fc.assert(fc.property(anyText, (key) => {
    assert.equal(decodeURIComponent(escapedKey(key)), key.toWellFormed());
    assert.match(escapedKey(key), /^[A-Za-z0-9\-._~/%]*$/);
  }));
});

Deno.test("a message quotes a hostile name on one line, and not without end", () => {
  for (const name of ["a\nb", "\u001b[2J", "x".repeat(10_000)]) {
    assert.throws(() => kubePath`/api/v1/namespaces/${name}/pods`, (error) => {
      assert.ok(error instanceof CannotLook);
      assert.match(error.message, /^[\x20-\x7e…]{1,300}$/);
      return true;
    });
  }
});
