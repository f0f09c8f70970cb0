/** A catalog that can't be reached, in every way that its client tells apart, with the real client against real sockets. */
import assert from "node:assert/strict";
import { validate } from "../checkpoints/nessie/fixture.ts";
import { reported } from "../../lib/checkpoints/nessie/report.ts";
import { evaluate } from "../../lib/engine/evaluate.ts";
import type { Facts } from "../../lib/engine/model.ts";
import type { Report } from "../../lib/engine/report.ts";
import { withKubeconfig } from "../clients/kubernetes/fixture.ts";
import { certificateFor } from "../clients/s3/certificates.ts";
import { closedPort, kubeconfigFor } from "../fakes/api_server.ts";
import { factsFor, scenario } from "./commands.ts";
import { PATIENT_MS } from "../patience.ts";
import { withAsked } from "../fakes/asked.ts";

/** The report of the checkpoint against this address, on the healthy lab. */
async function reportAt(url: string, timeoutMs = PATIENT_MS): Promise<Report> {
  const recorded = factsFor({ name: "nessie", components: reported() }, await scenario("healthy"));
  let facts: Facts | undefined;
  await withKubeconfig(kubeconfigFor(`https://127.0.0.1:${await closedPort()}`), async (kubeconfig) => {
    const given = new Map([["url", url]]);
    facts = await withAsked({ given, kubeconfig, timeoutMs }, (asked) => validate(recorded, asked));
  });
  assert.ok(facts);
  return evaluate("validate:nessie", reported(), facts);
}

type Answer = (request: Request) => Response | Promise<Response>;

async function served(
  answer: Answer,
  options: { cert: string; key: string } | object = {},
  timeoutMs?: number,
): Promise<Report> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...options }, answer);
  try {
    return await reportAt(
      `${"cert" in options ? "https" : "http"}://127.0.0.1:${server.addr.port}`,
      timeoutMs,
    );
  } finally {
    await server.shutdown();
  }
}

const text = (status: number, body: string) => () => new Response(body, { status });
const selfSigned = () => certificateFor({ name: "127.0.0.1", days: 1 });

const CASES: [title: string, reason: string, report: () => Promise<Report>][] = [
  [
    "an untrusted certificate",
    "CertificateInvalid",
    async () => await served(text(200, "{}"), await selfSigned()),
  ],
  ["nobody listens", "Unreachable", async () => await reportAt(`http://127.0.0.1:${await closedPort()}`)],
  ["a name that can't be resolved", "Unreachable", () => reportAt("http://nessie.invalid:19120")],
  ["https is asked where http is spoken", "Unreachable", async () => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, text(200, "{}"));
    try {
      return await reportAt(`https://127.0.0.1:${server.addr.port}`);
    } finally {
      await server.shutdown();
    }
  }],
  ["no answer in time", "Timeout", async () => {
    const never = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      return await reportAt(`http://127.0.0.1:${never.addr.port}`, 500);
    } finally {
      never.close();
    }
  }],
  ["a login is wanted", "Unauthorized", () => served(text(401, "<html>log in</html>"))],
  ["it is not allowed", "Forbidden", () => served(text(403, "<html>no</html>"))],
  ["it is not found", "Malformed", () => served(text(404, "<html>nothing here</html>"))],
  ["it breaks", "ServerError", () => served(text(500, "oops"))],
  ["it is not ready", "Unreachable", () => served(text(503, ""))],
  ["it is something else", "Malformed", () => served(text(200, "<html>hello</html>"))],
  ["it speaks another protocol", "Malformed", () => served(text(200, '{"hello": "world"}'))],
];

for (const [title, reason, reportOf] of CASES) {
  Deno.test(`a catalog that can't be looked at is one root: ${title}`, async () => {
    const { roots, status, details } = await reportOf();
    assert.deepEqual(roots.map(({ object, reason }) => `${object.kind} ${object.name} ${reason}`), [
      `Catalog nessie ${reason}`,
    ]);
    const [root] = roots;
    assert.equal(status, "error");
    assert.match(root?.message ?? "", /\. Next: \w/, "the message says what to do");
    assert.ok((root?.explains.length ?? 0) > 60, `${root?.explains.length} symptoms`);
    const lost = details.components.flatMap(({ checks }) => checks).filter(({ check, object }) =>
      check.startsWith("nessie.") && object.kind === "CatalogTrial"
    );
    assert.deepEqual(lost.filter(({ role }) => role !== "symptom").map(({ check }) => check), []);
  });
}
