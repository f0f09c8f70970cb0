/** Whose certificate is taken for the API server's: what kubectl takes, and nothing that it does not. */
import assert from "node:assert/strict";
import { SURROUNDINGS } from "../../../lib/clients/kubernetes/kubeconfig_files.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import { networkError } from "../../../lib/clients/network_errors.ts";
import { overNode } from "../../../lib/clients/route/over_node.ts";
import { systemRoots } from "../../../lib/clients/route/roots.ts";
import { PATIENT_MS } from "../../patience.ts";
import {
  apiList,
  base64,
  certificateUser,
  kubeconfigFor,
  type Pair,
  serveFake,
  testAuthority,
} from "../../fakes/api_server.ts";
import { CANARY, failureOf, PODS, withClient, withKubeconfig } from "../kubernetes/fixture.ts";

const pods = () => apiList("PodList", []);
const trusting = (pem: string, more: Record<string, unknown> = {}) => ({
  "certificate-authority-data": base64(pem),
  ...more,
});
const none = { "certificate-authority-data": undefined };

/** The client's environment: these variables alone. */
const withEnv = (variables: Record<string, string>) => ({
  around: { ...SURROUNDINGS, env: (name: string) => variables[name] },
});

/** What a server with this certificate is answered by a client that trusts `pem`. */
async function trying(pair: Pair, pem: string, more: Record<string, unknown> = {}): Promise<string> {
  await using server = serveFake(pods, pair);
  let outcome = "read";
  const text = kubeconfigFor(server.url, { token: CANARY }, trusting(pem, more));
  await withClient(text, async (client) => {
    // Twice: whatever was learnt from the first must hold for what follows.
    for (const _ of [1, 2]) {
      try {
        await client.get(PODS);
        assert.equal(server.headers.at(-1)?.get("authorization"), `Bearer ${CANARY}`);
      } catch {
        outcome = (await failureOf(client.get(PODS), server.url)).message;
        assert.deepEqual(server.requests, [], "what is not trusted was sent a request");
      }
    }
  });
  return outcome;
}

const UNTRUSTED =
  /^no CA that cluster fake of the kubeconfig trusts signed the certificate of the API server SERVER/;

Deno.test("a server's own certificate may be the trusted one, whoever signed it", async () => {
  const { server, selfSigned, otherCa } = testAuthority();
  assert.equal(await trying(server, server.cert), "read");
  assert.equal(await trying(selfSigned, selfSigned.cert), "read");
  assert.equal(await trying(server, `${otherCa}\n${server.cert}`), "read");
  assert.equal(await trying(server, server.cert, { "tls-server-name": "api.example" }), "read");
});

Deno.test("another server's certificate is none of the trusted ones, also by the same CA", async () => {
  const { server, namedServer, selfSigned, otherCa } = testAuthority();
  assert.match(await trying(server, namedServer.cert), UNTRUSTED);
  assert.match(await trying(server, selfSigned.cert), UNTRUSTED);
  assert.match(await trying(selfSigned, otherCa), UNTRUSTED);
});

Deno.test("a trusted certificate counts for its names and its time only", async () => {
  const { namedServer, expiredServer } = testAuthority();
  assert.match(await trying(namedServer, namedServer.cert), /is for another name\. Next: correct server or/);
  assert.equal(await trying(namedServer, namedServer.cert, { "tls-server-name": "api.example" }), "read");
  const other = { "tls-server-name": "else.example" };
  assert.match(await trying(namedServer, namedServer.cert, other), /is for another name/);
  assert.match(
    await trying(expiredServer, expiredServer.cert),
    /has expired or is not valid yet\. Next: renew/,
  );
});

Deno.test("a trusted certificate that expires while it is used is trusted no longer", async () => {
  const { cert } = testAuthority().expiredServer;
  await using server = serveFake(pods, testAuthority().expiredServer);
  const route = {
    server: server.url,
    ca: cert,
    insecure: false,
    native: true,
    userName: "me",
    clusterName: "fake",
  };
  const transport = overNode(route, true);
  const limits = { signal: AbortSignal.timeout(PATIENT_MS), maxBytes: 1000 };
  const sent = await transport.send("GET", server.url, [], undefined, limits);
  transport.close();
  assert.ok(!sent.ok && sent.trouble.why === "network");
  assert.equal(networkError(sent.trouble.text), "expired");
  assert.deepEqual(server.requests, []);
});

Deno.test("a damaged certificate in the CA data spoils no other; with no other it is said", async () => {
  const { ca, server } = testAuthority();
  const damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  assert.equal(await trying(server, damaged + ca), "read");
  for (const text of [damaged, server.key]) {
    const use = () =>
      withClient(kubeconfigFor("https://127.0.0.1:1", {}, trusting(text)), () => Promise.resolve());
    await assert.rejects(use, (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /^the CA of cluster fake holds no certificate that can be read\. Next: correct/,
      );
      return true;
    });
  }
});

Deno.test("without a CA in the kubeconfig, SSL_CERT_FILE and SSL_CERT_DIR say whom to trust", async () => {
  const { ca, otherCa } = testAuthority();
  await using server = serveFake(pods);
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-test-roots-" });
  try {
    await Deno.writeTextFile(`${directory}/ca.pem`, ca);
    await Deno.writeTextFile(`${directory}/other`, otherCa);
    const text = kubeconfigFor(server.url, {}, none);
    const read = (variables: Record<string, string>) =>
      withClient(text, async (client) => void await client.get(PODS), withEnv(variables));
    await read({ SSL_CERT_FILE: `${directory}/ca.pem` });
    await read({ SSL_CERT_DIR: `/nonexistent:${directory}` });
    await read({ SSL_CERT_FILE: `${directory}/other`, SSL_CERT_DIR: directory });
    await withClient(text, async (client) => {
      const { kind, message } = await failureOf(client.get(PODS), server.url);
      assert.equal(kind, "certificate");
      assert.equal(
        message,
        "no CA that this machine trusts signed the certificate of the API server SERVER, and cluster fake of the " +
          "kubeconfig names no CA. Next: put the server's CA into its certificate-authority-data, or name a file " +
          "with it in SSL_CERT_FILE",
      );
    }, withEnv({ SSL_CERT_FILE: `${directory}/other`, SSL_CERT_DIR: "/nonexistent" }));
    const own = kubeconfigFor(server.url, {}, trusting(otherCa));
    await withClient(own, async (client) => {
      assert.match((await failureOf(client.get(PODS), server.url)).message, UNTRUSTED);
    }, withEnv({ SSL_CERT_FILE: `${directory}/ca.pem` }));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("roots that are not there, or are none, are passed over", async () => {
  const file = await Deno.makeTempFile({ prefix: "lakecheck-test-roots-" });
  try {
    await Deno.writeTextFile(file, "no certificate\n");
    for (const name of [file, "/nonexistent", "/"]) {
      const env = (variable: string) => variable === "SSL_CERT_FILE" ? name : "/nonexistent";
      assert.equal(await systemRoots(env), undefined, name);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("an API server below a path, and one at an IPv6 address, are asked as any other", async () => {
  await using server = serveFake(pods);
  const path = "/k8s/clusters/c-m-1234";
  await withClient(kubeconfigFor(`${server.url}${path}/`), async (client) => {
    assert.equal((await client.get(`${PODS}?limit=1`)).status, 200);
    assert.deepEqual(server.requests, [`GET ${path}${PODS}?limit=1`]);
  });
  await using local = serveFake(pods, testAuthority().server, "::1");
  for (const more of [{}, { "tls-server-name": "api.example" }, trusting(testAuthority().server.cert)]) {
    await withClient(kubeconfigFor(local.url, {}, more), async (client) => {
      assert.equal((await client.get(PODS)).status, 200);
    });
  }
});

Deno.test("a kubeconfig of a CA's file is read from there", async () => {
  await withKubeconfig(testAuthority().ca, async (file) => {
    await using server = serveFake(pods);
    const text = kubeconfigFor(server.url, {}, { ...none, "certificate-authority": file });
    await withClient(text, async (client) => assert.equal((await client.get(PODS)).status, 200));
  });
});

Deno.test("a server that asks for a client certificate says so to who has none", async () => {
  const https = await import("node:https");
  const { ca, server: pair, client: own } = testAuthority();
  const server = https.createServer(
    { ...pair, ca, requestCert: true, rejectUnauthorized: true },
    (_, response) => {
      response.end('{"kind":"PodList","items":[]}');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const url = `https://127.0.0.1:${port}`;
  try {
    for (const more of [{}, { "tls-server-name": "api.example" }]) {
      await withClient(kubeconfigFor(url, {}, more), async (client) => {
        assert.deepEqual(await failureOf(client.get(PODS), url), {
          kind: "certificate",
          message:
            "the API server SERVER asks for a client certificate, and user me of the kubeconfig has none. " +
            "Next: get a kubeconfig with client-certificate-data and client-key-data",
        });
      });
      await withClient(kubeconfigFor(url, certificateUser(own), more), async (client) => {
        assert.equal((await client.get(PODS)).status, 200);
      });
    }
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
});
