import assert from "node:assert/strict";
import net from "node:net";
import { Interrupted } from "../../../../lib/engine/errors.ts";
import { connectApi } from "../../../../lib/clients/onepassword/client.ts";
import { certificateUser, closedPort, testAuthority } from "../../../fakes/api_server.ts";
import { CANARY } from "../fixture.ts";
import { againstConnect, connectFailure, TOKEN, VAULT } from "../../onepassword/fixture.ts";
import { fetchText, forwarding, inPod, NAMESPACE, POD, until } from "./fixture.ts";
import { PATIENT_MS } from "../../../patience.ts";

Deno.test("requests through the port reach the pod, several at once, with the kubeconfig's token", async () => {
  await inPod((port) =>
    forwarding(port, {}, async (opening, server) => {
      const { url, failure, close } = await opening;
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
      const long = "x".repeat(200_000);
      const answers = await Promise.all([
        fetchText(`${url}/heartbeat`),
        fetchText(`${url}/v1/vaults`, { method: "POST", body: long }),
      ]);
      assert.deepEqual(answers, ["GET /heartbeat ", `POST /v1/vaults ${long}`]);
      assert.equal(failure(), undefined);
      const opened = `GET /api/v1/namespaces/${NAMESPACE}/pods/${POD}/portforward?ports=8080`;
      assert.deepEqual(server.requests.slice(1), [opened, opened, opened]);
      assert(server.headers.every((one) => one.authorization === `Bearer ${CANARY}`));
      await close();
      await until(() => server.connections.size === 0);
      await assert.rejects(fetchText(url));
    })
  );
});

Deno.test("it logs in with a client certificate, and impersonates, as other requests do", async () => {
  const user = { ...certificateUser(testAuthority().client), as: "jane", "as-groups": ["a", "b"] };
  await inPod((port) =>
    forwarding(port, { pod: { certificate: true }, user }, async (opening, server) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      assert.equal(server.headers.at(-1)?.["impersonate-user"], "jane");
      assert.equal(server.headers.at(-1)?.["impersonate-group"], "a, b");
      await close();
    })
  );
});

Deno.test("a server without a certificate that can be verified is accepted when the kubeconfig says so", async () => {
  const cluster = { "insecure-skip-tls-verify": true, "certificate-authority-data": undefined };
  await inPod((port) =>
    forwarding(port, { cluster }, async (opening) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      await close();
    })
  );
});

Deno.test("a server that speaks v5.channel.k8s.io will do", async () => {
  await inPod((port) =>
    forwarding(port, { pod: { protocol: "v5.channel.k8s.io" } }, async (opening, server) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      await until(() => server.connections.size === 0);
      await close();
    })
  );
});

Deno.test("the Connect API is asked through a forwarded port, and says what the forward knows", async () => {
  await againstConnect(() => Response.json([{ id: VAULT, name: "lakehouse" }]), async (_api, connect) => {
    const port = Number(new URL(connect.url).port);
    await forwarding(port, {}, async (opening, server) => {
      const { url, failure, close } = await opening;
      const api = connectApi({ url, token: TOKEN, timeoutMs: PATIENT_MS, why: failure });
      assert.deepEqual(await api.vaults(), [{ id: VAULT, name: "lakehouse" }]);
      server.pod.leadsTo = await closedPort();
      assert.match(
        (await connectFailure(api.vaults())).message,
        /^could not list the vaults: nothing listens on port 8080 of Pod external-secrets\/onepassword-connect-0\. Next: /,
      );
      await close();
    });
  });
});

Deno.test("whoever breaks a connection off harms no other", async () => {
  await inPod((port) =>
    forwarding(port, {}, async (opening, server) => {
      const { url, failure, close } = await opening;
      const port = Number(new URL(url).port);
      // At once, and when the pod has answered.
      for (const moment of ["connect", "data"]) {
        const broken = net.connect(port, "127.0.0.1");
        const gone = new Promise((resolve) => broken.once("close", resolve));
        broken.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        await new Promise((resolve) => broken.once(moment, resolve));
        broken.resetAndDestroy();
        await gone;
      }
      assert.equal(await fetchText(url), "GET / ");
      assert.equal(failure(), undefined);
      await until(() => server.connections.size === 0);
      await close();
    })
  );
});

Deno.test("close ends connections that are open, and that are being opened", async () => {
  await inPod((port) =>
    forwarding(port, {}, async (opening, server) => {
      const { url, close } = await opening;
      const idle = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
      await until(() => server.requests.length === 3);
      server.pod.refuse = 0;
      const asked = assert.rejects(fetchText(url));
      await until(() => server.requests.length === 4);
      await close();
      await asked;
      await until(() => server.connections.size === 0);
      idle.close();
    })
  );
});

Deno.test("the caller's signal ends opening, and what was opened", async () => {
  const reason = new Interrupted("Ctrl-C");
  const before = AbortSignal.abort(reason);
  await forwarding(1, { options: { signal: before } }, async (opening, server) => {
    await assert.rejects(opening, (error) => error === reason);
    assert.deepEqual(server.requests, []);
  });
  for (const [pod, requests] of [[{ phase: "held" }, 1], [{ refuse: 0 }, 2]] as const) {
    const during = new AbortController();
    await forwarding(1, { pod, options: { signal: during.signal } }, async (opening, server) => {
      const ended = assert.rejects(opening, (error) => error === reason);
      await until(() => server.requests.length === requests);
      during.abort(reason);
      await ended;
      await until(() => server.connections.size === 0);
    });
  }
  const after = new AbortController();
  await inPod((port) =>
    forwarding(port, { options: { signal: after.signal } }, async (opening, server) => {
      const { url, close } = await opening;
      assert.equal(await fetchText(url), "GET / ");
      after.abort(reason);
      await assert.rejects(fetchText(url));
      await until(() => server.connections.size === 0);
      await close();
    })
  );
});
