import assert from "node:assert/strict";
import {
  connectToService,
  type Destination,
  givenConnection,
  type ServiceConnection,
  type ServiceConnectionOptions,
} from "../../../lib/clients/kubernetes/service_connection.ts";
import { Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import { closedPort, kubeconfigFor, testAuthority } from "../../fakes/api_server.ts";
import { serveForwards } from "../../fakes/port_forward.ts";
import { CANARY, withKubeconfig } from "./fixture.ts";
import { inPod, NAMESPACE, POD } from "./port_forward/fixture.ts";
import { PATIENT_MS } from "../../patience.ts";

const IN_CLUSTER = "store.external-secrets.svc.cluster.local";

const destination = (more: Partial<Destination>): Destination => ({
  namespace: NAMESPACE,
  service: "store",
  scheme: "http",
  port: 80,
  pod: { name: POD, port: 8080 },
  ...more,
});

/** What the server sees of a request: its Host. */
async function hostSeen(connection: ServiceConnection, url = connection.url): Promise<string> {
  return await (await fetch(`${url}/x`, { client: connection.client })).text();
}

/** Serves the Host of each request on 127.0.0.1, over TLS when given a certificate. */
async function telling(
  pair: { cert: string; key: string } | undefined,
  use: (port: number) => Promise<void>,
) {
  const options = { port: 0, hostname: "127.0.0.1", onListen() {}, ...pair };
  const server = Deno.serve(options, (request) => new Response(new URL(request.url).host));
  try {
    await use(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

/** A cluster whose Services have the address 127.0.0.1, and whose pod forwards to `leadsTo`. */
async function inCluster(
  leadsTo: number,
  use: (options: ServiceConnectionOptions) => Promise<void>,
): Promise<void> {
  await using server = await serveForwards({
    namespace: NAMESPACE,
    name: POD,
    leadsTo,
    clusterIP: "127.0.0.1",
  });
  await withKubeconfig(
    kubeconfigFor(server.url, { token: CANARY }),
    (kubeconfig) => use({ kubeconfig, timeoutMs: PATIENT_MS, directMs: PATIENT_MS }),
  );
}

const anybody = () => Promise.resolve(true);
const nobody = () => Promise.resolve(false);

Deno.test("a Service whose address answers is asked there, under the name it has in the cluster", async () => {
  await telling(undefined, (port) =>
    inCluster(port, async (options) => {
      const connection = await connectToService(destination({ port }), { ...options, recognise: anybody });
      assert.equal(connection.how, "direct");
      assert.equal(connection.url, `http://${IN_CLUSTER}:${port}`);
      assert.equal(await hostSeen(connection), `${IN_CLUSTER}:${port}`);
      assert.equal(
        await hostSeen(connection, `http://bucket.${IN_CLUSTER}:${port}`),
        `bucket.${IN_CLUSTER}:${port}`,
      );
      await connection.close();
    }));
});

Deno.test("a port-forward leads there when that address is silent, somebody else's, or not to be tried", async () => {
  const closed = await closedPort();
  await inPod((port) =>
    inCluster(port, async (options) => {
      for (
        const [servicePort, recognise] of [[closed, anybody], [port, nobody], [port, undefined]] as const
      ) {
        const connection = await connectToService(destination({ port: servicePort }), {
          ...options,
          ...recognise && { recognise },
        });
        assert.equal(connection.how, "port-forward");
        assert.equal(connection.url, `http://${IN_CLUSTER}:${servicePort}`);
        assert.match(connection.words, /port-forward to Pod external-secrets\/onepassword-connect-0/);
        assert.equal(await hostSeen(connection), "GET /x ");
        await connection.close();
      }
    })
  );
});

Deno.test("who interrupts while the address is tried leaves nothing open", async () => {
  await telling(undefined, (port) =>
    inCluster(port, async (options) => {
      const recognise = () => Promise.reject(new Interrupted("interrupted"));
      await assert.rejects(connectToService(destination({ port }), { ...options, recognise }), Interrupted);
    }));
});

Deno.test("a certificate is verified for the name in the cluster, not for where the way leads", async () => {
  const { ca, namedServer } = testAuthority();
  await telling(namedServer, (port) =>
    inCluster(port, async (options) => {
      const to = destination({ scheme: "https", port });
      const connection = await connectToService(to, { ...options, recognise: anybody, ca });
      assert.equal(await hostSeen(connection, `https://api.example:${port}`), `api.example:${port}`);
      await assert.rejects(hostSeen(connection), /fetch failed|error sending/);
      await connection.close();
      const foreignReplyFailure = await connectToService(to, { ...options, recognise: anybody });
      await assert.rejects(
        hostSeen(foreignReplyFailure, `https://api.example:${port}`),
        /fetch failed|error sending/,
      );
      await foreignReplyFailure.close();
    }));
});

Deno.test("a URL that was given is taken as it is, with its path and without a slash at the end", async () => {
  await telling(undefined, async (port) => {
    const connection = givenConnection("--url", `http://127.0.0.1:${port}/catalog/`);
    assert.equal(connection.url, `http://127.0.0.1:${port}/catalog`);
    assert.equal(connection.how, "given");
    assert.equal(await hostSeen(connection), `127.0.0.1:${port}`);
    await connection.close();
  });
});

Deno.test("what is no URL for a service is refused without being repeated", () => {
  for (const text of ["s3.example.com", "ftp://x", "http://user:CANARY@x", "http://x?token=CANARY", ""]) {
    assert.throws(() => givenConnection("--endpoint", text), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^--endpoint must be an http or https URL/);
      assert.doesNotMatch(error.message, /CANARY/);
      return true;
    });
  }
});
