/** Which proxy an API server is asked through, with whatever else the kubeconfig asks for, and what is said when it fails. */
import assert from "node:assert/strict";
import { SURROUNDINGS } from "../../../lib/clients/kubernetes/kubeconfig_files.ts";
import { chooseProxy } from "../../../lib/clients/route/proxies.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import {
  apiList,
  base64,
  closedPort,
  kubeconfigFor,
  serveFake,
  testAuthority,
} from "../../fakes/api_server.ts";
import { serveConnect, serveSocks } from "../../fakes/proxies.ts";
import { CANARY, failureOf, PODS, withClient } from "../kubernetes/fixture.ts";

const pods = () => apiList("PodList", []);
const withEnv = (variables: Record<string, string>) => ({
  around: { ...SURROUNDINGS, env: (name: string) => variables[name] },
});

/** What a kubeconfig may ask for beside a proxy. */
const WISHES: Record<string, Record<string, unknown>> = {
  "nothing else": {},
  "tls-server-name": { "tls-server-name": "api.example" },
  "insecure-skip-tls-verify": { "insecure-skip-tls-verify": true, "certificate-authority-data": undefined },
  "the server's own certificate as the trusted one": {
    "certificate-authority-data": base64(testAuthority().server.cert),
  },
};

const PROXIES = {
  http: () => serveConnect(),
  https: () => serveConnect({ secure: true }),
  socks5: () => serveSocks(),
};

for (const [kind, serve] of Object.entries(PROXIES)) {
  for (const [wish, cluster] of Object.entries(WISHES)) {
    // The CA that is trusted is the proxy's, too: fetch and kubectl know no other.
    if (kind === "https" && wish.startsWith("the server's")) continue;
    Deno.test(`a proxy-url of ${kind} is used, together with ${wish}`, async () => {
      await using server = serveFake(pods);
      await using proxy = await serve();
      const at = { ...cluster, "proxy-url": `${kind}://${proxy.address}` };
      await withClient(kubeconfigFor(server.url, { token: CANARY }, at), async (client) => {
        assert.equal((await client.get(PODS)).status, 200);
      });
      const { host, port } = new URL(server.url);
      assert.deepEqual([...new Set(proxy.asked)], [kind === "socks5" ? `kind 1:${port}` : host]);
      assert.equal(server.headers[0]?.get("authorization"), `Bearer ${CANARY}`);
    });
  }
}

Deno.test("a name is resolved by a SOCKS proxy, as with kubectl", async () => {
  await using server = serveFake(pods);
  await using proxy = await serveSocks();
  const url = `https://api.example:${new URL(server.url).port}`;
  for (const more of [{}, { "tls-server-name": "api.example" }]) {
    const text = kubeconfigFor(url, {}, { ...more, "proxy-url": `socks5://${proxy.address}` });
    await withClient(text, async (client) => void await client.get(PODS));
  }
  assert.deepEqual([...new Set(proxy.asked)], [new URL(url).host]);
});

Deno.test("a proxy gets the user and password of its URL, and no message holds them", async () => {
  await using server = serveFake(pods);
  await using http = await serveConnect();
  await using socks = await serveSocks({ user: "me@corp", password: CANARY });
  const login = `me%40corp:${CANARY}`;
  const named = { "tls-server-name": "api.example" };
  for (const url of [`http://${login}@${http.address}`, `socks5://${login}@${socks.address}`]) {
    for (const more of [{}, named]) {
      const text = kubeconfigFor(server.url, {}, { ...more, "proxy-url": url });
      await withClient(text, async (client) => void await client.get(PODS));
    }
  }
  assert.equal(http.asked[0], `${new URL(server.url).host} Basic ${base64(`me@corp:${CANARY}`)}`);
  assert.deepEqual(new Set(http.asked).size, 1);
  await using refusing = await serveConnect({ refuse: 407 });
  for (const more of [{}, named]) {
    const text = kubeconfigFor(server.url, {}, {
      ...more,
      "proxy-url": `http://${login}@${refusing.address}`,
    });
    await withClient(text, async (client) => {
      assert.deepEqual(await failureOf(client.get(PODS), server.url), {
        kind: "unreachable",
        message:
          `the API server SERVER can't be reached: the proxy ${refusing.address} wants another user and ` +
          "password. Next: put them into proxy-url of cluster fake",
      });
    });
  }
});

Deno.test("a proxy that does not run, or does not connect to the server, is named", async () => {
  await using refusing = await serveConnect({ refuse: 403 });
  const closed = `127.0.0.1:${await closedPort()}`;
  const cases: [address: string, why: string][] = [
    [closed, "where the connection was refused"],
    [refusing.address, "which did not connect to it"],
  ];
  for (const [address, why] of cases) {
    for (const more of [{}, { "tls-server-name": "api.example" }]) {
      const text = kubeconfigFor("https://192.0.2.1:6443", {}, { ...more, "proxy-url": `http://${address}` });
      await withClient(text, async (client) => {
        assert.deepEqual(await failureOf(client.get(PODS)), {
          kind: "unreachable",
          message:
            `the API server https://192.0.2.1:6443 can't be reached through the proxy ${address}, ${why}. ` +
            "Next: check proxy-url of cluster fake, and that the proxy runs and may connect to the API server",
        });
      });
    }
  }
});

Deno.test("a proxy that connects and then hangs up is not waited for", async () => {
  await using proxy = await serveConnect({ refuse: 200 });
  for (const more of [{}, { "tls-server-name": "api.example" }]) {
    const text = kubeconfigFor("https://192.0.2.1:6443", {}, {
      ...more,
      "proxy-url": `http://${proxy.address}`,
    });
    await withClient(text, async (client) => {
      const { kind, message } = await failureOf(client.get(PODS));
      assert.equal(kind, "unreachable");
      assert.match(message, /broke the connection off/);
    });
  }
});

Deno.test("a certificate is verified through a proxy as without one", async () => {
  await using server = serveFake(pods, testAuthority().namedServer);
  await using proxy = await serveConnect();
  const through = { "proxy-url": `http://${proxy.address}` };
  const wrong = { "tls-server-name": "else.example" };
  const other = { "certificate-authority-data": base64(testAuthority().otherCa) };
  for (
    const more of [{}, wrong, other, { ...other, ...wrong }, { ...other, "tls-server-name": "api.example" }]
  ) {
    await withClient(
      kubeconfigFor(server.url, { token: CANARY }, { ...through, ...more }),
      async (client) => {
        assert.equal((await failureOf(client.get(PODS))).kind, "certificate", JSON.stringify(more));
      },
    );
  }
  assert.deepEqual(server.requests, []);
});

Deno.test("what NO_PROXY lists is asked through the proxy-url all the same, and without it not through HTTPS_PROXY", async () => {
  await using server = serveFake(pods);
  await using proxy = await serveConnect();
  const variables = { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "127.0.0.1" };
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  // fetch reads these of the process itself.
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    const url = `http://${proxy.address}`;
    const text = kubeconfigFor(server.url, {}, { "proxy-url": url });
    await withClient(text, async (client) => void await client.get(PODS), withEnv(variables));
    assert.equal(proxy.asked.length, 1);
    const plain = kubeconfigFor(server.url);
    await withClient(plain, async (client) => void await client.get(PODS), withEnv(variables));
    assert.equal(proxy.asked.length, 1);
    // This machine itself is asked without a proxy, listed or not.
    Deno.env.delete("NO_PROXY");
    const { HTTPS_PROXY } = variables;
    await withClient(plain, async (client) => void await client.get(PODS), withEnv({ HTTPS_PROXY }));
    assert.equal(server.requests.length, 3);
  } finally {
    for (const [name, value] of before) {
      value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    }
  }
});

Deno.test("HTTPS_PROXY is used together with tls-server-name and skip-verify, with or without its scheme", async () => {
  await using server = serveFake(pods);
  await using proxy = await serveConnect();
  const url = `https://api.example:${new URL(server.url).port}`;
  for (const value of [proxy.address, `http://${proxy.address}`]) {
    for (const [, cluster] of Object.entries(WISHES).slice(1)) {
      const text = kubeconfigFor(url, {}, cluster);
      await withClient(text, async (client) => void await client.get(PODS), withEnv({ https_proxy: value }));
    }
  }
  assert.ok(proxy.asked.length >= 6);
});

Deno.test("NO_PROXY is read as Go reads it", async () => {
  const used = async (server: string, NO_PROXY: string) => {
    const env = (name: string) => ({ HTTPS_PROXY: "http://proxy.example:3128", NO_PROXY })[name];
    return (await chooseProxy(new URL(server), undefined, "c", env)).proxy !== undefined;
  };
  const listed: [server: string, list: string][] = [
    ["https://api.example", "*"],
    ["https://api.example", "other, API.example"],
    ["https://a.api.example", "api.example"],
    ["https://a.api.example", ".api.example"],
    ["https://a.api.example", "*.api.example"],
    ["https://api.example:6443", "api.example:6443"],
    ["https://10.1.2.3:6443", "10.0.0.0/8"],
    ["https://10.1.2.3:6443", "10.1.2.3"],
    ["https://10.1.2.3:6443", "10.1.2.3:6443"],
    ["https://[fd00::1]:6443", "fd00::/8"],
    ["https://[fd00::1]:6443", "[fd00::1]"],
    ["https://localhost:6443", ""],
    ["https://127.8.8.8:6443", ""],
    ["https://[::1]:6443", ""],
  ];
  for (const [server, list] of listed) assert.equal(await used(server, list), false, `${server} ${list}`);
  const unlisted: [server: string, list: string][] = [
    ["https://api.example", ""],
    ["https://api.example", ".api.example"],
    ["https://api.example", "pi.example,,/,1.2.3.4/99,:6443"],
    ["https://api.example:443", "api.example:6443"],
    ["https://11.1.2.3:6443", "10.0.0.0/8,fd00::/8"],
    ["https://[fe00::1]:6443", "fd00::/8,10.0.0.0/8"],
    ["https://10.1.2.3:6443", "2.3"],
  ];
  for (const [server, list] of unlisted) assert.equal(await used(server, list), true, `${server} ${list}`);
});

Deno.test("a proxy whose address is none is a usage error that does not quote it", async () => {
  for (const url of ["nonsense", "ftp://proxy:1", `http://me:${CANARY}@`, "://"]) {
    for (const [proxyUrl, env] of [[url, undefined], [undefined, `ftp://me:${CANARY}@x`]] as const) {
      await assert.rejects(
        () =>
          chooseProxy(
            new URL("https://api.example"),
            proxyUrl,
            "c",
            (name) => name === "HTTPS_PROXY" ? env : undefined,
          ),
        (error: Error) =>
          error instanceof UsageError && !error.message.includes(CANARY) &&
          /socks5 URL\. Next: /.test(error.message),
      );
    }
  }
});
