import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

/** How often the rule speaks of a file with this text. */
function lint(path: string, text: string): number {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).filter(({ id }) => id === "lakecheck/api-path").length;
}

const REFUSED = [
  "kube.get(`/api/v1/namespaces/${namespace}/secrets/${name}`);",
  "const path = `/apis/apps/v1/namespaces/${namespace}/deployments/nessie`;",
  "const path = `${GROUP}/v1/${plural}`;",
  "const path = `${base}/namespaces/${name}`;",
  "const path = `${place}/secrets/${name}`;",
  "const at = (path: string) => `/v1/${prefix}${path}`;",
  "const tree = (at: string) => `/trees/${at}`;",
  "const path = `/v1/vaults/${id}/items`;",
  "const path = `/v1/config?warehouse=${name}`;",
  "const path = `https://x${'/api/v1/'}`; void ('/api/v1/pods/' + name);",
  "const path = '/apis/' + group;",
  "let path = base; path += '/secrets/'; path += name;",
  "const path = base.concat('/namespaces/', name);",
  "const path = String.raw`/api/v1/pods/${name}`;",
  "rest.send('GET', `${path}?pageSize=1${more}`);",
  "rest.send('DELETE', `${path}${more}`);",
  "kube.list(`/things/${name}`);",
  "kube.get(`/things/${name}`);",
  "ask({ method: 'GET', path: `${base}${path}` });",
  "ask({ method: 'GET', path: `/things/${name}` });",
  "const text = encodeURIComponent(name);",
  "key.split('/').map(encodeURIComponent);",
];

const ACCEPTED = [
  "kube.get(kubePath`/api/v1/namespaces/${namespace}/secrets/${name}`);",
  "rest.send('GET', restPath`${path}?pageSize=1`);",
  "kube.get('/api/v1/nodes'); kube.get(`/version`);",
  "const evidence = `GET /api/v2/trees/${name}/history`;",
  "const said = `/v1/config lists ${count} endpoints`;",
  "const key = `${namespace}/${name}`; services.get(`${namespace}/${name}`);",
  "const told = `kubectl get --raw ${path}`;",
  "notes.send(`${name} was removed`);",
  "const file = { path: `${directory} of ${name}` };",
];

Deno.test("a path that is put together by hand is refused in lib and scripts, however it is done", () => {
  for (const text of REFUSED) {
    for (const path of ["lib/clients/kubernetes/client.ts", "lib/components/nessie/mod.ts", "scripts/x.ts"]) {
      assert.ok(lint(path, text) > 0, text);
    }
    for (const path of ["lib/untrusted/api_path.ts", "tests/x.test.ts", "lab/main.ts", "tools/x.ts"]) {
      assert.equal(lint(path, text), 0, text);
    }
  }
});

Deno.test("paths by the functions that check, constants, and words for people are fine", () => {
  for (const text of ACCEPTED) assert.equal(lint("lib/clients/kubernetes/client.ts", text), 0, text);
});
