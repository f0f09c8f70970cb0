import assert from "node:assert/strict";
import { ROOT } from "./tasks.ts";

Deno.test("a first health run needs no package, and says what it needs when a login wants one", async () => {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-packages-" });
  try {
    const kubeconfig = `${directory}/kubeconfig`;
    const health = async (user: string) => {
      await Deno.writeTextFile(kubeconfig, kubeconfigOf(user));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "data-platform:health", "--kubeconfig", kubeconfig],
        cwd: ROOT,
        env: { DENO_DIR: `${directory}/cache`, NPM_CONFIG_REGISTRY: "http://127.0.0.1:1/", NO_COLOR: "1" },
        stdin: "null",
      }).output();
      return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
    };
    const token = await health("{ token: abc }");
    assert.match(token.said, /127\.0\.0\.1:2/, token.said);
    assert.doesNotMatch(token.said, /npm|package/, token.said);
    assert.deepEqual(Array.from(Deno.readDirSync(`${directory}/cache/npm`), ({ name }) => name), []);
    const provider = await health("{ auth-provider: { name: oidc, config: {} } }");
    assert.match(
      provider.said,
      /needs the package @kubernetes\/client-node.*Without a registry/s,
      provider.said,
    );
    assert.deepEqual([token.code, provider.code], [3, 3]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function kubeconfigOf(user: string): string {
  return `apiVersion: v1
kind: Config
current-context: it
contexts: [{ name: it, context: { cluster: it, user: it } }]
clusters: [{ name: it, cluster: { server: "https://127.0.0.1:2" } }]
users: [{ name: it, user: ${user} }]
`;
}
