/** Trials of the Iceberg REST catalog that Nessie serves: its configuration, its warehouse, what it lists. */
import { expect } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import { restPath } from "../../../untrusted/api_path.ts";
import { icebergError } from "../../../clients/iceberg_rest.ts";
import { failed, type Outcome, passed, skipped, type Trial } from "../../../checkpoint/trial.ts";
import { trimEnd } from "../../../untrusted/text.ts";

const CONFIG = "GET /iceberg/v1/config";

const icebergConfigTrial: Trial<NessieContext> = {
  id: "nessie.iceberg-config",
  title: "Iceberg REST configuration",
  weight: "critical",
  explain:
    "GET /iceberg/v1/config gives clients the prefix of all further paths and the address to go on with. The prefix must " +
    "lead to the default branch, namespaces must be readable below it, and the address must not lead elsewhere: engines " +
    "follow it without asking.",
  async run({ iceberg, config, connection }) {
    const branch = config.defaultBranch;
    const { defaults, overrides } = await iceberg(branch).config();
    const prefix = overrides.prefix ?? defaults.prefix;
    expect(prefix !== undefined, "NoPrefix", {
      message: "it names no prefix, so clients do not know where the tables are",
      evidence: CONFIG,
    });
    expect(
      decodeURIComponent(prefix).split("|")[0] === branch,
      "OtherPrefix",
      `its prefix is ${prefix}, which does not lead to the default branch ${branch}`,
      { observed: prefix, expected: branch, evidence: CONFIG },
    );
    await iceberg(decodeURIComponent(prefix)).namespaces();
    const { origin, host } = URL.parse(overrides.uri ?? connection.url) ?? new URL(connection.url);
    const elsewhere = `it sends clients on to ${origin}, and was asked at ${connection.url}`;
    expect(host === new URL(connection.url).host, "OtherAddress", elsewhere, {
      observed: origin,
      expected: connection.url,
      evidence: `${CONFIG}, overrides.uri`,
      status: "warning",
    });
    return passed(`prefix ${prefix}, below which namespaces can be read`, { evidence: CONFIG });
  },
};

const bare = (location: string): string => trimEnd(location, "/").replace(/^s3[an]:/, "s3:");

const warehouseTrial: Trial<NessieContext> = {
  id: "nessie.warehouse",
  title: "Warehouse",
  weight: "critical",
  explain:
    "The catalog names a default warehouse. Its location must be the one that the catalog's own configuration asks for, the " +
    "same when it is asked for by name, and a warehouse that nobody configured must be refused: new tables would be written to " +
    "another bucket, or to none.",
  async run({ iceberg, config, wanted }) {
    const catalog = iceberg(config.defaultBranch);
    const { defaults, overrides } = await catalog.config();
    const location = overrides.warehouse ?? defaults.warehouse;
    expect(location, "NoWarehouse", "the catalog has no default warehouse, so no table can be created", {
      evidence: CONFIG,
    });
    const never = "lakecheck-no-such-warehouse";
    const unknown = await catalog.send("GET", restPath`/v1/config?warehouse=${never}`);
    expect(unknown.status >= 400, "AnyWarehouse", {
      message: `it answers for warehouse ${never}, which nobody configured, as if it were there`,
      observed: `HTTP ${unknown.status}`,
      expected: "an error",
      evidence: `${CONFIG}?warehouse=${never}`,
      status: "warning",
    });
    if ("why" in wanted) {
      return passed(`the default warehouse is ${location}; what is asked for is not known: ${wanted.why}`, {
        evidence: CONFIG,
      });
    }
    const outcomes: Outcome[] = [];
    for (const { name, location: asked } of wanted.warehouses) {
      const reply = await catalog.send("GET", restPath`/v1/config?warehouse=${name}`);
      const body = reply.body as
        | { defaults?: Record<string, string>; overrides?: Record<string, string> }
        | undefined;
      const found = reply.status === 200
        ? body?.overrides?.warehouse ?? body?.defaults?.warehouse
        : undefined;
      outcomes.push(
        judged(name, asked, found, icebergError(reply.status, reply.body)?.message ?? `HTTP ${reply.status}`),
      );
    }
    const byDefault = wanted.warehouses.find(({ name }) => name === wanted.defaultWarehouse);
    if (byDefault && bare(byDefault.location) !== bare(location)) {
      outcomes.unshift(judged(`${byDefault.name} (default)`, byDefault.location, location, ""));
    }
    if (outcomes.length === 0) {
      return passed(`the default warehouse is ${location}; the configuration that was read names none`, {
        evidence: CONFIG,
      });
    }
    return outcomes;
  },
};

function judged(name: string, asked: string, found: string | undefined, said: string): Outcome {
  const seen = { expected: asked, evidence: `${CONFIG}?warehouse=${name}` };
  if (found === undefined) {
    const message = `warehouse ${name} is configured, and the catalog does not give it: ${said}`;
    return failed("NoWarehouse", message, seen);
  }
  const is = `warehouse ${name} is at ${found}`;
  if (bare(found) === bare(asked)) return passed(`${is}, as configured`, { evidence: seen.evidence });
  return failed("OtherLocation", `${is}, and its configuration asks for ${asked}`, {
    observed: found,
    ...seen,
  });
}

/** Without these no engine can read and write tables. */
const CORE = [
  "GET /v1/{prefix}/namespaces",
  "POST /v1/{prefix}/namespaces",
  "GET /v1/{prefix}/namespaces/{namespace}",
  "GET /v1/{prefix}/namespaces/{namespace}/tables",
  "POST /v1/{prefix}/namespaces/{namespace}/tables",
  "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
  "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}",
  "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}",
];

const endpointsTrial: Trial<NessieContext> = {
  id: "nessie.iceberg-endpoints",
  title: "Iceberg REST endpoints",
  weight: "warning",
  explain:
    "A catalog may list the endpoints it serves; clients use no others then. A list without reading and writing tables " +
    "disables engines. A catalog without a list is used as if it served the usual ones.",
  async run({ iceberg, config }) {
    const { endpoints } = await iceberg(config.defaultBranch).config();
    const evidence = `${CONFIG}, endpoints`;
    if (!endpoints) {
      return skipped("it lists no endpoints; clients take the usual ones for granted", { evidence });
    }
    const missing = CORE.filter((one) => !endpoints.includes(one));
    if (missing.length === 0) {
      return passed(`it lists ${endpoints.length} endpoints, those for tables among them`, { evidence });
    }
    return failed("EndpointsMissing", `it lists ${endpoints.length} endpoints, and not ${missing[0]}`, {
      observed: `${missing.length} missing`,
      expected: `${CORE.length} of tables and namespaces`,
      evidence,
    });
  },
};

export const icebergTrials = [icebergConfigTrial, warehouseTrial, endpointsTrial];
