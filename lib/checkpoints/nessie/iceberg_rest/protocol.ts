/** What the catalog says of itself, and how it lets clients at the files. */
import { restPath } from "../../../untrusted/api_path.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { ALL_ENGINES, type Capability, differently, expectServed, listAt } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { CREATE_TABLE } from "./tables.ts";
import { load, makeTable, type ScratchRest, tableAt } from "./scratch.ts";
import { trimEnd } from "../../../untrusted/text.ts";

/** Keys of the configuration that a table is loaded with; its values may open the store, and go nowhere. */
async function tableConfig(
  rest: ScratchRest,
  path: string,
  delegation: string,
): Promise<Map<string, string>> {
  const reply = await rest.send("GET", path, undefined, { "X-Iceberg-Access-Delegation": delegation });
  const config = Object.entries(at(reply.body, "config") ?? {});
  const stored = listAt(reply.body, "storage-credentials").flatMap((one) =>
    Object.entries(at(one, "config") ?? {})
  );
  return new Map([...config, ...stored].map(([key, value]) => [key, String(value)]));
}

export const protocolCapabilities: readonly Capability[] = [
  {
    id: "nessie.can-list-endpoints",
    area: "protocol",
    title: "say which requests it serves",
    explain:
      "/v1/config lists the endpoints; clients else assume those of the first version of the protocol.",
    weight: "warning",
    endpoints: ["GET /v1/config"],
    async run(rest) {
      const path = rest.warehouse === undefined
        ? "/v1/config"
        : restPath`/v1/config?warehouse=${rest.warehouse}`;
      const reply = await rest.elsewhere.send("GET", path);
      expectServed(reply, "tell its configuration");
      const endpoints = listAt(reply.body, "endpoints").map(String);
      const observed = `${endpoints.length} endpoints`;
      if (endpoints.length > 0) {
        return { ...passed(`/v1/config lists ${observed}`, { observed }), ...{ endpoints } };
      }
      return differently("/v1/config lists no endpoints; clients assume the usual ones", { observed });
    },
  },
  {
    id: "nessie.can-read-past",
    area: "protocol",
    title: "show tables as they were at a commit",
    explain:
      "With BRANCH@HASH in the place of the branch, a table is loaded as it was then; nothing is written there.",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path, metadata } = await makeTable(rest, "past");
      const hash = at(metadata, "properties", "nessie.commit.id");
      expect(typeof hash === "string", "NotServed", {
        message: "tables do not say by which commit they are what they are",
        observed: "no property nessie.commit.id",
      });
      await rest.send("POST", path, {
        requirements: [],
        updates: [{ action: "set-properties", updates: { now: "1" } }],
      });
      const prefix = [`${rest.branch}@${hash}`, ...rest.warehouse === undefined ? [] : [rest.warehouse]].join(
        "|",
      );
      const past = restPath`/v1/${prefix}${path}`;
      const then = await rest.elsewhere.send("GET", past);
      expectServed(then, "show a table as it was at a commit");
      const now = at(await load(rest, path), "properties", "now");
      expect(now === "1" && at(then.body, "metadata", "properties", "now") === undefined, "WrongAnswer", {
        message: "a table is not shown as it was at a commit",
        observed: words(then),
      });
      return passed("tables are shown as they were at a commit", { observed: words(then) });
    },
  },
  {
    id: "nessie.can-vend-credentials",
    area: "protocol",
    title: "lend keys for the store (vended-credentials)",
    explain:
      "A client that asks for vended-credentials gets keys for the files of the table; else it needs its own.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "vended");
      const keys = [...(await tableConfig(rest, path, "vended-credentials")).keys()];
      const lent = keys.filter((key) => /access-key-id|secret-access-key|session-token/.test(key));
      expect(lent.length >= 2, "NotServed", {
        message: "no keys are lent: engines need keys of their own, or let the catalog sign",
        observed: keys.join(", ") || "no configuration",
        expected: "s3.access-key-id, s3.secret-access-key, s3.session-token",
      });
      return passed("keys for the store are lent", { observed: lent.join(", ") });
    },
  },
  {
    id: "nessie.can-sign-requests",
    area: "protocol",
    title: "sign requests to the store (remote-signing)",
    explain:
      "A client that asks for remote-signing is told where to have its requests signed; a request for the table's " +
      "metadata file is signed there, and one for another table's place is rejected.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path, file } = await makeTable(rest, "signed");
      const config = await tableConfig(rest, path, "remote-signing");
      const endpoint = config.get("s3.signer.endpoint");
      expect(config.get("s3.remote-signing-enabled") === "true" && endpoint !== undefined, "NotServed", {
        message: "requests to the store are not signed for clients",
        observed: [...config.keys()].join(", ") || "no configuration",
      });
      const store = trimEnd(config.get("s3.endpoint") ?? "https://s3.amazonaws.com", "/");
      const ask = (uri: string) =>
        rest.elsewhere.send("POST", restPath`${endpoint.replace(/^\/*/, "/")}`, {
          method: "GET",
          region: config.get("client.region") ?? "us-east-1",
          uri,
          headers: {},
        });
      const own = await ask(`${store}/${file.replace(/^s3[an]?:\/\//, "")}`);
      const signed = Object.keys(at(own.body, "headers") ?? {}).some((name) => /^authorization$/i.test(name));
      expectServed(own, "sign a request for a file of the table", isGood(own) && signed);
      const bucket = file.replace(/^s3[an]?:\/\//, "").split("/")[0];
      const other = await ask(`${store}/${bucket}/lakecheck-no-such-table/data.parquet`);
      expect(!isGood(other), "SignsAnything", "requests are signed for files of other tables too", {
        observed: `${other.status}`,
      });
      return passed("requests for the files of a table are signed, others are refused", {
        observed: `${own.status}, then ${words(other).slice(0, 60)}`,
      });
    },
  },
  {
    id: "nessie.can-leave-files-alone",
    area: "protocol",
    title: "leave the way to the files to the client",
    explain: "A client that asks for no delegation is told no signer: it uses its own keys.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const { path } = await makeTable(rest, "undelegated");
      const reply = await rest.send("GET", path);
      const signing = at(reply.body, "config", "s3.remote-signing-enabled");
      const observed = `s3.remote-signing-enabled=${signing ?? "not set"}`;
      if (signing !== "true") return passed("without delegation clients use their own keys", { observed });
      return differently("clients that do not ask are told to let the catalog sign", { observed });
    },
  },
  ...plainly([
    ["nessie.can-load-credentials", "load credentials again", "GET", "credentials", undefined],
    ["nessie.can-report-metrics", "take reports of scans", "POST", "metrics", {
      "report-type": "scan-report",
      "table-name": "x",
      "snapshot-id": 1,
      filter: true,
      "schema-id": 0,
      "projected-field-ids": [1],
      "projected-field-names": ["id"],
      metrics: {},
    }],
    ["nessie.can-plan-scans", "plan scans for clients", "POST", "plan", {}],
  ]),
];

/** Requests below a table of which only matters whether they are served at all. */
function plainly(
  all: readonly (readonly [id: string, title: string, method: "GET" | "POST", path: string, body: unknown])[],
): Capability[] {
  return all.map(([id, title, method, path, body]): Capability => ({
    id,
    area: "protocol",
    title,
    explain: `${method} .../tables/{table}/${path} is served. No engine of the platform needs it.`,
    weight: "warning",
    needs: [CREATE_TABLE],
    endpoints: [`${method} /v1/{prefix}/namespaces/{namespace}/tables/{table}/${path}`],
    async run(rest) {
      const name = `served_${path}`;
      await makeTable(rest, name);
      const reply = await rest.send(method, restPath`${tableAt(rest.root, name)}/${path}`, body);
      expectServed(reply, title);
      return passed(`the catalog can ${title}`, { observed: `${reply.status}` });
    },
  }));
}
