import assert from "node:assert/strict";
import { platformNamespace } from "../../lib/procedures/home.ts";
import { apiError, kubeconfigFor, serveFake } from "../fakes/api_server.ts";
import { withAsked } from "../fakes/asked.ts";
import { withKubeconfig } from "../clients/kubernetes/fixture.ts";

const catalog = (namespace: string) => ({
  metadata: { name: "lake-nessie", namespace, labels: { "app.kubernetes.io/name": "nessie" } },
  spec: { template: { spec: { containers: [] } } },
});

/** Where a procedure works in a cluster whose lists answer so, and what it asked to know that. */
async function found(deployments: () => Response, given: [string, string][] = []) {
  await using server = serveFake((path) =>
    path.endsWith("/deployments") ? deployments() : Response.json({ items: [] })
  );
  let namespace = "";
  await withKubeconfig(kubeconfigFor(server.url), async (kubeconfig) => {
    const flags = {
      kubeconfig,
      given: new Map(given),
      namespace: given[0]?.[1] ?? "usual",
      isPlaced: given.length > 0,
    };
    namespace = await withAsked(flags, platformNamespace);
  });
  return {
    namespace,
    asked: server.requests.filter((line) => line.includes("/apis/") || line.includes("/api/")),
  };
}

Deno.test("a procedure works where the platform's parts are, which a few lists tell", async () => {
  const { namespace, asked } = await found(() => Response.json({ items: [catalog("lakehouse")] }));
  assert.equal(namespace, "lakehouse");
  assert.ok(asked.length <= 6, asked.join("\n"));
});

Deno.test("the namespace that was asked for counts, and where nothing is found the usual one", async () => {
  const asked = await found(() => Response.json({ items: [catalog("lakehouse")] }), [["namespace", "mine"]]);
  assert.deepEqual([asked.namespace, asked.asked], ["mine", []]);
  assert.equal((await found(() => Response.json({ items: [] }))).namespace, "usual");
  assert.equal((await found(() => apiError(403, "Forbidden", "no"))).namespace, "usual");
});
