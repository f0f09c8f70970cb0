/** Where obc:sync sends the token: to a Service of the cluster that was agreed to, and nowhere else. */
import assert from "node:assert/strict";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import { serviceNamed } from "../../../lib/procedures/onepassword/connect_service.ts";
import { type Dependencies, trustOf } from "../../../lib/procedures/obc_sync/run.ts";
import { problem, withBoth } from "./fixture.ts";
import { CONNECT_HOST, forwardingTo, object, store } from "./samples.ts";
import { typist } from "../../fakes/terminal.ts";

/** A server that takes whatever comes, and remembers what it was told. */
async function withListener(
  work: (url: string, heard: string[]) => Promise<void>,
  answer: () => Response = () => Response.json([]),
): Promise<void> {
  const heard: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    heard.push(`${request.method} ${new URL(request.url).pathname} ${request.headers.get("authorization")}`);
    return answer();
  });
  try {
    await work(`http://127.0.0.1:${server.addr.port}`, heard);
  } finally {
    await server.shutdown();
  }
}

/** Hosts that name no Service of the cluster, some of them with the name of one in it. */
const OUTSIDE = [
  "https://connect.example.com",
  "http://connect.external-secrets.svc.cluster.local.attacker.com:8080",
  "http://connect.external-secrets.svc.attacker.com",
  "http://connect.external-secrets.svc.",
  "http://connect.external-secrets.",
  "http://connect.external-secrets.svc@evil:8080/",
  "http://evil@connect.external-secrets.svc:8080",
  "http://connect.external-secrets.svc:8080@evil/",
  "http://connect.external-secrets.svc:8080/x",
  "http://connect.external-secrets.svc:8080?x",
  "http://connect.external-secrets.svc:8080#x",
  "http://evil\\connect.external-secrets.svc",
  "http://connect.external-secrets.svc\\@evil",
  "http://connect.external\t-secrets.svc",
  "http://connect.external-secrets.svc%2eevil",
  "http://c\u043ennect.external-secrets.svc",
  "http://connect.external-secrets\u3002svc",
  "http://connect",
  "http://localhost:8080",
  "http://10.0.0.1:8080",
  "http://127.0.0.1:8080",
  "http://2130706433",
  "http://0x7f.1",
  "http://1.2",
  "http://[::1]:8080",
  "http://connect..svc",
  "http://.external-secrets.svc",
  "http://-connect.external-secrets.svc",
  "http://pod.connect.external-secrets.svc",
  "http://connect.external-secrets.pod",
  "http://connect.external-secrets.svc.cluster",
  "http://connect.external-secrets.svc:99999",
  "ftp://connect.external-secrets.svc",
  "connect.external-secrets.svc:8080",
  " http://connect.external-secrets.svc",
  "",
];

Deno.test("a host is a Service of the cluster by its whole name, and nothing that looks like one", () => {
  const place = { namespace: "external-secrets", name: "connect" };
  const cases: [string, number, boolean][] = [
    ["http://connect.external-secrets", 80, false],
    ["http://connect.external-secrets.svc:8080", 8080, false],
    ["http://connect.external-secrets.svc.cluster.local:8080/", 8080, false],
    ["http://connect.external-secrets.svc.cluster.local.:8080", 8080, false],
    ["HTTP://Connect.External-Secrets.SVC:8080", 8080, false],
    ["https://connect.external-secrets.svc", 443, true],
  ];
  for (const [host, port, secure] of cases) {
    assert.deepEqual(serviceNamed(host), { ...place, port, secure }, host);
  }
  for (const host of OUTSIDE) {
    assert.equal(serviceNamed(host), undefined, host);
  }
});

Deno.test("a store whose host is no Service of the cluster gets no token, whatever the host looks like", () =>
  withBoth(async ({ sync, kube }) => {
    await withListener(async (url, heard) => {
      for (const host of [url, url.replace("127.0.0.1", "localhost"), ...OUTSIDE]) {
        const [path, changed] = store("onepassword-connect", ["lakehouse"], host);
        kube.objects.set(path, changed);
        assert.match(
          await problem(sync(), UsageError),
          /is no Service of this cluster.*--connect-url URL/,
          host,
        );
      }
      assert.deepEqual(heard, []);
    });
  }));

Deno.test("a Service that does not exist, or leads out of the cluster, gets no token", () =>
  withBoth(async ({ sync, kube }) => {
    const path = "/api/v1/namespaces/external-secrets/services/connect";
    const ports = [{ port: 8080 }];
    const cases: [Record<string, unknown> | undefined, RegExp][] = [
      [undefined, /Service external-secrets\/connect does not exist/],
      [
        { type: "ExternalName", externalName: "evil.example.com", ports },
        /leads out of this cluster \(ExternalName\)/,
      ],
      [
        { type: "ExternalName", externalName: "evil.example.com", selector: { app: "connect" }, ports },
        /ExternalName/,
      ],
      [{ ports }, /selects no pods: its endpoints were written by hand/],
      [{ selector: {}, ports }, /selects no pods/],
      [{ clusterIP: "None", ports }, /selects no pods/],
    ];
    for (const [spec, words] of cases) {
      kube.objects.delete(path);
      if (spec) kube.objects.set(path, object("v1", "Service", "external-secrets/connect", { spec }));
      const message = await problem(sync(), UsageError);
      assert.match(message, words);
      assert.match(message, /Nothing was sent.*--connect-url/);
    }
  }));

Deno.test("the question comes before the first request, and names host, Service, store, vault and context", () =>
  withBoth(async ({ sync, connect }) => {
    await withListener(async (url, heard) => {
      const asked: string[] = [];
      const dependencies: Dependencies = {
        ...forwardingTo(url),
        trust: (where) => {
          asked.push(where);
          assert.deepEqual(heard, []);
          return Promise.reject(new UsageError("Not confirmed."));
        },
      };
      await problem(sync({}, dependencies), UsageError);
      await problem(sync({ dryRun: true }, dependencies), UsageError);
      await problem(sync({ connectUrl: url }, dependencies), UsageError);
      await problem(sync({ connectUrl: url, vault: connect.vault.id }, dependencies), UsageError);
      assert.deepEqual(heard, []);
      assert.equal(
        asked[0],
        `${CONNECT_HOST}: Service external-secrets/connect over a port-forward, which ClusterSecretStore ` +
          "onepassword-connect names, vault lakehouse, context toy",
      );
      assert.equal(asked[2], `${url} (--connect-url), vault lakehouse, context toy`);
    });
  }));

Deno.test("an answer is one: yes, no, nobody to ask; and what was agreed to holds for that place only", async () => {
  const yes = trustOf(false, typist(["y\n"]));
  await yes("a");
  await yes("a");
  await assert.rejects(yes("b"), /asked at a so far, and now it is b.*Nothing was sent/);
  await assert.rejects(trustOf(false, typist(["n\n"]))("a"), /Not confirmed. Nothing was sent/);
  await assert.rejects(
    trustOf(false, typist([], { terminal: false }))("a"),
    /no terminal.*--trust-connect.*Nothing was sent/,
  );
  const silent = typist([]);
  const always = trustOf(true, silent);
  await always("a");
  await assert.rejects(always("b"), /so far/);
  assert.equal(silent.written, "");
});

Deno.test("a redirect takes the token nowhere, whatever its status", () =>
  withBoth(async ({ sync }) => {
    await withListener(async (url, heard) => {
      for (const status of [301, 302, 303, 307, 308]) {
        const redirect = () => new Response(null, { status, headers: { location: `${url}/v1/vaults` } });
        await withListener(async (first, asked) => {
          await assert.rejects(sync({}, forwardingTo(first)), /could not list the vaults: HTTP 3/);
          assert.equal(asked.length, 1);
        }, redirect);
      }
      assert.deepEqual(heard, []);
    });
  }));

Deno.test("over plain http the token goes to this machine only, unless --plain-http says otherwise", () =>
  withBoth(async ({ sync, connect }) => {
    for (
      const connectUrl of [
        "http://connect.example.com",
        "HTTP://connect.example.com:8080",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "http://[::ffff:10.0.0.1]",
      ]
    ) {
      const message = await problem(sync({ connectUrl }), UsageError);
      assert.match(message, /would go unencrypted.*--plain-http/, connectUrl);
    }
    for (
      const connectUrl of [
        "http://localhost@evil.example.com",
        "http://u:p@127.0.0.1",
        "ftp://x",
        "x",
        "https://a?b",
      ]
    ) {
      assert.match(await problem(sync({ connectUrl }), UsageError), /is not an http\(s\) URL/, connectUrl);
    }
    assert.equal((await sync({ connectUrl: connect.url })).status, 0);
    assert.equal((await sync({ connectUrl: connect.url.replace("127.0.0.1", "localhost") })).status, 0);
    // Told so, it tries: nobody is called so.
    await assert.rejects(
      sync({ connectUrl: "http://nobody.invalid", plainHttp: true }),
      /could not list the vaults/,
    );
  }));

Deno.test("a watch whose store is changed meanwhile sends the token to nobody new", () =>
  withBoth(async ({ sync, kube, connect }) => {
    const dependencies = { ...forwardingTo(connect.url), trust: trustOf(true) };
    assert.equal((await sync({}, dependencies)).status, 0);
    const place = "/api/v1/namespaces/evil";
    const spec = { selector: { app: "connect" }, ports: [{ port: 8080 }] };
    const pod: KubeObject = object("v1", "Pod", "evil/c", {
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
    kube.objects.set(`${place}/services/connect`, object("v1", "Service", "evil/connect", { spec }));
    kube.objects.set(`${place}/pods/c`, pod);
    const [path, changed] = store("onepassword-connect", ["lakehouse"], "http://connect.evil.svc:8080");
    kube.objects.set(path, changed);
    await withListener(async (url, heard) => {
      const later = { ...dependencies, forward: forwardingTo(url).forward };
      assert.match(
        await problem(sync({}, later), UsageError),
        /and now it is http:\/\/connect\.evil\.svc:8080/,
      );
      assert.deepEqual(heard, []);
    });
  }));
