/** How many lists at once get through to an API server: over which protocol and connections, and what is said if none do. */
import assert from "node:assert/strict";
import net from "node:net";
import { collect } from "../../../lib/engine/collect.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import type { ListSource } from "../../../lib/engine/model.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { things, toys } from "../../engine/toy.ts";
import {
  apiList,
  base64,
  kubeconfigFor,
  serveFake,
  serveHttp1,
  testAuthority,
} from "../../fakes/api_server.ts";
import { CANARY, withClient } from "./fixture.ts";

const LISTS = Array.from({ length: 40 }, (_, i): ListSource => ({ ...things, id: `l${i}`, path: `/l${i}` }));

/** The report of 40 lists that are read at once. */
async function reportOf(kubeconfig: string): Promise<Report> {
  let report: Report | undefined;
  await withClient(kubeconfig, async (client) => {
    const facts = await collect(client, LISTS, { namespace: "toy" });
    report = evaluate("toys", [{ ...toys, sources: LISTS }], facts);
    const read = Object.values(facts.sources).filter(({ ok }) => ok).length;
    assert.ok(read === 0 || read === LISTS.length, `${read} of ${LISTS.length} lists were read`);
  });
  assert.ok(report);
  return report;
}

/** A port that leads to that server, and how many connections were made through it. */
async function counting(url: string): Promise<{ url: string; connections: () => number } & AsyncDisposable> {
  let connections = 0;
  const relay = net.createServer((socket) => {
    connections++;
    const on = net.connect(Number(new URL(url).port), "127.0.0.1");
    for (const [from, to] of [[socket, on], [on, socket]] as const) {
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const { port } = relay.address() as net.AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => await new Promise<void>((resolve) => relay.close(() => resolve())),
  };
}

Deno.test("every list is read from a server that speaks HTTP/1.1 only", async () => {
  await using server = await serveHttp1('{"kind":"List","items":[]}');
  const { roots } = await reportOf(kubeconfigFor(server.url));
  assert.deepEqual(roots, []);
  assert.equal(server.requests[0], "GET /version");
  assert.equal(server.requests.length, 1 + LISTS.length);
});

Deno.test("over HTTP/2 the lists share the connection of the first contact", async () => {
  await using server = serveFake(() => apiList("ThingList", []));
  await using relay = await counting(server.url);
  await reportOf(kubeconfigFor(relay.url));
  assert.equal(server.requests.length, 1 + LISTS.length);
  assert.equal(relay.connections(), 1);
});

Deno.test("a CA that did not sign the server's certificate is the one root, after one request", async () => {
  await using server = serveFake(() => apiList("ThingList", []));
  await using relay = await counting(server.url);
  const wrong = { "certificate-authority-data": base64(testAuthority().otherCa) };
  const { roots: [root, ...others] } = await reportOf(kubeconfigFor(relay.url, { token: CANARY }, wrong));
  assert.deepEqual(others, []);
  assert.equal(root?.object.kind, "APIServer");
  assert.equal(root?.reason, "CertificateInvalid");
  assert.match(
    root?.message ?? "",
    /^No CA that cluster fake .*\. Next: correct its certificate-authority-data$/,
  );
  assert.deepEqual(server.requests, []);
  assert.ok(relay.connections() <= 2, `${relay.connections()} connections`);
});
