/** `1p:status --token` asks before the token leaves this machine. */
import assert from "node:assert/strict";
import { clusterSecretStores } from "../../../../lib/components/external_secrets/kinds.ts";
import { services } from "../../../../lib/components/kubernetes/kinds.ts";
import { loadFacts } from "../../../../lib/disk/facts_file.ts";
import type { Facts } from "../../../../lib/engine/model.ts";
import { namesOf } from "../../../../lib/procedures/onepassword/status/token_status.ts";
import { kubeconfigFor, serveFake } from "../../../fakes/api_server.ts";
import { withKubeconfig } from "../../../clients/kubernetes/fixture.ts";
import { type Typist, typist } from "../../../fakes/terminal.ts";
import { withAsked } from "../../../fakes/asked.ts";

const HEALTHY = new URL("../../../scenarios/healthy/facts.json.gz", import.meta.url).pathname;

/** What the API server was asked for when the names were wanted: a port-forward begins with its pod. */
async function asked(
  terminal: Typist,
  yes: boolean,
  change: (facts: Facts) => void = () => {},
): Promise<string[]> {
  await using server = serveFake(() => Response.json({ status: { phase: "Pending" } }));
  const facts = await loadFacts(HEALTHY);
  change(facts);
  await withKubeconfig(kubeconfigFor(server.url, { token: "t" }), async (kubeconfig) => {
    const given = new Map(yes ? [["trust-connect", "true"]] : []);
    const names = await withAsked(
      { given, kubeconfig },
      (asked) => namesOf(facts, "token", asked, terminal),
    );
    assert.equal(names.size, 0);
  });
  return server.requests;
}

/** The kept objects of a source. */
function items(facts: Facts, id: string): Record<string, unknown>[] {
  const result = facts.sources[id];
  return result?.ok && "items" in result ? result.items as Record<string, unknown>[] : [];
}

const POD = /^GET \/api\/v1\/namespaces\/external-secrets\/pods\/onepassword-connect-/;

Deno.test("the token goes to Connect's pod after a yes, or with --trust-connect, and else it stays here", async () => {
  assert.deepEqual(await asked(typist([], { terminal: false }), false), []);
  const unwilling = typist(["n\n"]);
  assert.deepEqual(await asked(unwilling, false), []);
  assert.match(unwilling.written, /Service external-secrets\/onepassword-connect over a port-forward/);
  assert.match((await asked(typist(["y\n"]), false))[0] ?? "", POD);
  const silent = typist([], { terminal: false });
  assert.match((await asked(silent, true))[0] ?? "", POD);
  assert.equal(silent.written, "");
});

Deno.test("a store whose host only looks like a Service, and a Service that leads out, get no token", async () => {
  const hosts = [
    "onepassword-connect.external-secrets.svc.evil.com:8080",
    "onepassword-connect.external-secrets.:8080",
  ];
  for (const host of hosts) {
    const change = (facts: Facts) => {
      for (const store of items(facts, clusterSecretStores.id)) {
        store.provider = { name: "onepassword", host };
      }
    };
    assert.deepEqual(await asked(typist(["y\n"]), true, change), [], host);
  }
  const outward = (facts: Facts) => {
    for (const service of items(facts, services.id)) {
      service.spec = { ...service.spec as Record<string, unknown>, type: "ExternalName" };
    }
  };
  assert.deepEqual(await asked(typist(["y\n"]), true, outward), []);
});
