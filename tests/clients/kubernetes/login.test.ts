import assert from "node:assert/strict";
import { findTarget, type Surroundings } from "../../../lib/clients/kubernetes/kubeconfig_files.ts";
import { logIn } from "../../../lib/clients/kubernetes/login.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import { certificateUser, kubeconfigFor, testAuthority } from "../../fakes/api_server.ts";
import { connect } from "../../../lib/clients/kubernetes/client.ts";
import { PATIENT_MS } from "../../patience.ts";

const CANARY = "canary-Zx81-token-do-not-print";
const SERVER = "https://127.0.0.1:6443";

/** A directory that is home, working directory and service account at once. */
async function inHome(
  files: Record<string, string>,
  env: Record<string, string>,
  use: (around: Surroundings, home: string) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "lakecheck-test-home-" });
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${home}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${home}/${path}`, text.replaceAll("$HOME", home));
      if (text.startsWith("#!")) await Deno.chmod(`${home}/${path}`, 0o700);
    }
    const set: Record<string, string> = { HOME: home, ...env };
    const around = {
      env: (name: string) => set[name]?.replaceAll("$HOME", home),
      cwd: () => home,
      serviceAccount: `${home}/account`,
    };
    await use(around, home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function usageError(asked: Promise<unknown>, home = ""): Promise<string> {
  try {
    await asked;
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    assert(!error.message.includes(CANARY), "the message holds the token");
    assert(!error.message.includes("\n"));
    return home ? error.message.replaceAll(home, "HOME") : error.message;
  }
  throw new assert.AssertionError({ message: "it was accepted" });
}

const config = (user: unknown, cluster: Record<string, unknown> = {}) => kubeconfigFor(SERVER, user, cluster);

Deno.test("no kubeconfig: says where was looked, and where the lab is", async () => {
  await inHome({}, {}, async (around, home) => {
    assert.equal(
      await usageError(findTarget({}, around), home),
      "there is no kubeconfig; looked at --kubeconfig (not given), KUBECONFIG (not set), HOME/.kube/config (not there), " +
        "the pod's service account (this is no pod). Next: give --kubeconfig FILE, or set KUBECONFIG",
    );
  });
  await inHome({ ".lab/kubeconfig": config({}) }, { KUBECONFIG: "$HOME/a:$HOME/b" }, async (around, home) => {
    assert.equal(
      await usageError(findTarget({}, around), home),
      "there is no kubeconfig; looked at --kubeconfig (not given), KUBECONFIG (none of its files is there: HOME/a, " +
        "HOME/b), the pod's service account (this is no pod). Next: the lab of this checkout is at --kubeconfig " +
        "HOME/.lab/kubeconfig",
    );
  });
});

Deno.test("a --kubeconfig that is not there or can't be read", async () => {
  await inHome({ "dir/x": "" }, {}, async (around, home) => {
    assert.equal(
      await usageError(findTarget({ kubeconfig: `${home}/gone` }, around), home),
      "there is no file HOME/gone. Next: give --kubeconfig a file that is there",
    );
    assert.equal(
      await usageError(findTarget({ kubeconfig: `${home}/dir` }, around), home),
      "the kubeconfig (HOME/dir) can't be read: it is a directory. Next: name a file in it",
    );
  });
});

Deno.test("looked up as kubectl does: flag, KUBECONFIG merged, home, the pod's service account", async () => {
  const renamed = (context: string) => config({ token: CANARY }).replaceAll('"test"', `"${context}"`);
  const files = {
    ".kube/config": renamed("home"),
    "one": renamed("one"),
    "two": renamed("two"),
    "account/token": `${CANARY}\n`,
    "account/ca.crt": testAuthority().ca,
  };
  await inHome(files, { KUBECONFIG: "$HOME/one:$HOME/gone:$HOME/two" }, async (around, home) => {
    assert.equal((await findTarget({}, around)).context, "one");
    assert.equal((await findTarget({ context: "two" }, around)).context, "two");
    assert.equal((await findTarget({ kubeconfig: `${home}/two` }, around)).context, "two");
    assert.equal(
      await usageError(findTarget({ context: "three" }, around), home),
      'there is no context "three" in HOME/one, HOME/two. Next: choose one with --context: one, two',
    );
  });
  await inHome(files, {}, async (around) => assert.equal((await findTarget({}, around)).context, "home"));
  const pod = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "8443", HOME: "/nowhere" };
  await inHome(files, pod, async (around) => {
    const target = await findTarget({}, around);
    assert.equal(target.context, "in-cluster");
    assert.equal(target.server, "https://[fd00::1]:8443");
    assert.deepEqual(await (await logIn(target)).headers(), [["authorization", `Bearer ${CANARY}`]]);
  });
});

Deno.test("credentials that can't be used are usage errors", async () => {
  const client = certificateUser(testAuthority().client);
  const other = certificateUser(testAuthority().server);
  const cases: [unknown, RegExp][] = [
    [
      { "client-certificate": "me.crt", "client-key": "me.key" },
      /^the client certificate of user me is to be read from HOME\/me\.crt, which is not there\. Next: put it there/,
    ],
    [
      { "client-certificate-data": client["client-certificate-data"] },
      /^user me has no client-key to go with the other/,
    ],
    [
      { ...client, "client-key-data": other["client-key-data"] },
      /^the client certificate and key of user me, .* can't be used: they are damaged or don't belong together\. Next: get/,
    ],
    [
      { tokenFile: "token" },
      /^the token of user me is to be read from HOME\/token, which is not there\. Next: put it/,
    ],
    [
      { tokenFile: "empty" },
      /^the token of user me is to be read from HOME\/empty, which is empty\. Next: put it/,
    ],
    [
      { username: "me", password: CANARY },
      /^user me logs in with a username and password, which Kubernetes dropped/,
    ],
    [
      { "auth-provider": { name: "oidc", config: { "id-token": CANARY } } },
      /^user me logs in with the auth-provider "oidc", which gave no token\. Next: log in again, or change/,
    ],
  ];
  for (const [user, expected] of cases) {
    await inHome({ config: config(user), empty: "\n" }, {}, async (around, home) => {
      const asked = connect({ kubeconfig: `${home}/config`, timeoutMs: PATIENT_MS, around });
      assert.match(await usageError(asked, home), expected);
    });
  }
});

Deno.test("the CA's file is missing or is no PEM", async () => {
  const cluster = { "certificate-authority-data": undefined, "certificate-authority": "ca.crt" };
  await inHome({ config: config({ token: CANARY }, cluster) }, {}, async (around, home) => {
    const asked = () => connect({ kubeconfig: `${home}/config`, timeoutMs: PATIENT_MS, around });
    assert.equal(
      await usageError(asked(), home),
      "the CA of cluster fake is to be read from HOME/ca.crt, which is not there. Next: put it there, or correct the " +
        "kubeconfig",
    );
    await Deno.writeTextFile(`${home}/ca.crt`, CANARY);
    assert.equal(
      await usageError(asked(), home),
      "the CA of cluster fake (HOME/ca.crt) is not PEM. Next: put a PEM file there",
    );
  });
});

Deno.test("an old auth-provider's token is had through client-node", async () => {
  const provider = { name: "gcp", config: { "access-token": CANARY, expiry: "2099-01-01T00:00:00Z" } };
  await inHome({ config: config({ "auth-provider": provider }) }, {}, async (around, home) => {
    const login = await logIn(await findTarget({ kubeconfig: `${home}/config` }, around));
    assert.deepEqual(await login.headers(), [["authorization", `Bearer ${CANARY}`]]);
    assert.deepEqual(login.secrets(), [CANARY]);
  });
});

const plugin = (exec: Record<string, unknown> = {}) =>
  config({
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "./login",
      interactiveMode: "Never",
      ...exec,
    },
  });

const credential = (status: Record<string, string>) =>
  `echo '${
    JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status })
  }'`;

Deno.test("a login plugin is asked once, and again when its credential has expired", async () => {
  const script = `#!/bin/sh\necho x >> $HOME/runs\n[ "$STAGE $1" = "prod get" ] || exit 9\n` +
    `case "$KUBERNETES_EXEC_INFO" in *'"server":"${SERVER}"'*) ;; *) exit 8;; esac\n`;
  const exec = { args: ["get"], env: [{ name: "STAGE", value: "prod" }], provideClusterInfo: true };
  const runs = (home: string) => Deno.readTextFileSync(`${home}/runs`).length / 2;
  const fresh = script + credential({ token: CANARY, expirationTimestamp: "2099-01-01T00:00:00Z" });
  await inHome({ config: plugin(exec), login: fresh }, {}, async (around, home) => {
    const login = await logIn(await findTarget({ kubeconfig: `${home}/config` }, around));
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await login.headers(), [["authorization", `Bearer ${CANARY}`]]);
    }
    assert.equal(runs(home), 1);
    assert.equal(login.renew(), false, "a credential that is seconds old is not asked for again");
  });
  const stale = script + credential({ token: CANARY, expirationTimestamp: "2001-01-01T00:00:00Z" });
  await inHome({ config: plugin(exec), login: stale }, {}, async (around, home) => {
    const login = await logIn(await findTarget({ kubeconfig: `${home}/config` }, around));
    await login.headers();
    assert.equal(runs(home), 2);
  });
});

Deno.test("a login plugin that gives nothing says why, without its secrets", async () => {
  const cases: [string, RegExp][] = [
    [
      "#!/bin/sh\necho nothing",
      /^the login plugin HOME\/login of user me printed no ExecCredential with a token/,
    ],
    [
      `#!/bin/sh\necho first >&2\necho 'session expired for ${CANARY}-and-more' >&2\nexit 3`,
      /of user me failed \(exit 3\): session expired for …\. Next: log in again$/,
    ],
    [
      "not executable",
      /of user me can't be run: the system would not start it\. Next: check that it is executable$/,
    ],
  ];
  for (const [script, expected] of cases) {
    await inHome({ config: plugin(), login: script }, {}, async (around, home) => {
      const target = await findTarget({ kubeconfig: `${home}/config` }, around);
      assert.match(await usageError(logIn(target), home), expected);
    });
  }
  const missing = plugin({ command: "no-such-login-plugin", installHint: "install it from\nexample.org" });
  await inHome({ config: missing }, {}, async (around, home) => {
    const target = await findTarget({ kubeconfig: `${home}/config` }, around);
    assert.equal(
      await usageError(logIn(target)),
      "the login plugin no-such-login-plugin of user me can't be run: there is no such program. Next: install it from " +
        "example.org",
    );
  });
  await inHome(
    { config: plugin({ interactiveMode: "Always" }), login: "#!/bin/sh\n" },
    {},
    async (around, home) => {
      const target = await findTarget({ kubeconfig: `${home}/config` }, around);
      if (Deno.stdin.isTerminal()) return;
      assert.match(
        await usageError(logIn(target)),
        /wants a terminal, and there is none\. Next: run this in one$/,
      );
    },
  );
});
