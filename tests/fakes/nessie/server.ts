/** The fake's HTTP: API v2, Iceberg REST's configuration, management port; all on one port. */
import { parseBigJson, stringifyBigJson } from "../../../lib/clients/big_json.ts";
import { FakeError, FakeState, type Json } from "./state.ts";

export interface FakeNessie {
  url: string;
  state: FakeState;
  /** `GET /api/v2/config` */
  requests: string[];
  /** Answers instead of the fake, when it gives something. */
  intercept?: (request: Request, url: URL) => Response | undefined | Promise<Response | undefined>;
  close(): Promise<void>;
}

/** Starts a fake with these flaws; see the tests for what each of them does. */
export function fakeNessie(
  flaws: readonly string[] = [],
  tls?: { cert: string; key: string },
  now?: () => Date,
): FakeNessie {
  const state = new FakeState(new Set(flaws), now);
  const requests: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, ...tls }, async (request) => {
    const url = new URL(request.url);
    requests.push(`${request.method} ${decodeURIComponent(url.pathname)}`);
    const instead = await fake.intercept?.(request, url);
    return instead ?? await answer(state, request, url, requests);
  });
  const fake: FakeNessie = {
    url: `http${tls ? "s" : ""}://127.0.0.1:${server.addr.port}`,
    state,
    requests,
    close: () => server.shutdown(),
  };
  return fake;
}

const json = (body: Json, status = 200) =>
  new Response(stringifyBigJson(body), { status, headers: { "content-type": "application/json" } });

async function answer(state: FakeState, request: Request, url: URL, requests: string[]): Promise<Response> {
  const { flaws } = state;
  const path = url.pathname;
  try {
    if (path === "/nessie-openapi/openapi.yaml") {
      return flaws.has("no-document")
        ? new Response("", { status: 404 })
        : new Response("---\nopenapi: 3.0.3\ninfo:\n  title: Nessie API\n  version: 0.99.0\nservers: []\n");
    }
    if (path === "/q/health") return health(flaws);
    if (path === "/q/metrics") return metrics(flaws, requests);
    if (path.startsWith("/iceberg/")) return iceberg(flaws, url);
    const sent = await request.text();
    const body = sent === "" ? undefined : parseBigJson(sent);
    return json(api(state, request, url, body));
  } catch (error) {
    if (!(error instanceof FakeError)) throw error;
    const { status, code, message, conflicts } = error;
    const knows = request.headers.get("nessie-client-spec") === "2" && !flaws.has("conflict-silent");
    const errorDetails = knows && conflicts.length > 0
      ? { type: "REFERENCE_CONFLICTS", conflicts }
      : undefined;
    return json(
      { status, reason: "", message, errorCode: code, errorDetails, serverStackTrace: null },
      status,
    );
  }
}

function api(state: FakeState, request: Request, url: URL, body: Json): Json {
  const { flaws } = state;
  const rest = url.pathname.replace(/^\/api\/v2/, "");
  if (rest === "/config") {
    return {
      defaultBranch: flaws.has("default-other") ? "trunk" : "main",
      minSupportedApiVersion: 1,
      maxSupportedApiVersion: flaws.has("api-version") ? 1 : 2,
      specVersion: "2.2.0",
    };
  }
  if (rest === "/trees" && request.method === "POST") {
    const { name = "", type = "" } = Object.fromEntries(url.searchParams);
    return { reference: state.create(type as "BRANCH", name, body) };
  }
  if (rest === "/trees") return references(state, url);
  const [, at = "", what, more] = /^\/trees\/([^/]+)(?:\/([a-z]+)(?:\/(.+))?)?$/.exec(rest) ?? [];
  const ref = decodeURIComponent(at);
  const [name = "", hash = ""] = ref.split("@");
  if (what === undefined && request.method === "DELETE") return { reference: state.remove(name, hash) };
  if (what === undefined) return { reference: reference(state, ref) };
  if (what === "entries") return entries(state, ref, url);
  if (what === "contents") return contents(state, ref, body);
  if (what === "diff") return diff(state, ref, decodeURIComponent(more ?? ""), url);
  if (what === "history" && more === "merge") return state.merge(name, body);
  if (what === "history" && more === "commit") {
    const { ref: targetBranch, added } = state.commitTo(name, hash, body.commitMeta.message, body.operations);
    return { targetBranch, addedContents: added };
  }
  if (what === "history") return history(state, ref, url);
  throw new FakeError(404, "UNKNOWN", `no ${rest}`);
}

function reference(state: FakeState, name: string): Json {
  const found = state.ref(name);
  if (name === "-" && state.flaws.has("dash-elsewhere")) return { ...found, name: "other" };
  return name === "main" && state.flaws.has("default-tag") ? { ...found, type: "TAG" } : found;
}

/** A page of all, by the tokens and sizes of the query; wrong in the ways that lists can be wrong. */
function page(
  all: Json[],
  url: URL,
  lose = false,
  twice = false,
): { items: Json[]; token?: string; hasMore: boolean } {
  const from = Number(url.searchParams.get("page-token") ?? 0);
  const size = Number(url.searchParams.get("max-records") ?? 100);
  const to = from + size;
  const items = all.slice(lose && from > 0 ? from + 1 : from, to);
  if (twice && from > 0) items.unshift(all[from - 1]);
  return { items, hasMore: to < all.length, ...to < all.length ? { token: String(to) } : {} };
}

function references(state: FakeState, url: URL): Json {
  const prefix = /startsWith\('(.*)'\)/.exec(url.searchParams.get("filter") ?? "")?.[1] ?? "";
  const all = [...state.refs.values()].filter(({ name }) => name.startsWith(prefix))
    .filter(({ name }) => name !== "main" || !state.flaws.has("references-no-default"))
    .toSorted((a, b) => a.name < b.name ? -1 : 1);
  const { items, ...rest } = page(
    all,
    url,
    state.flaws.has("references-lose"),
    state.flaws.has("references-twice"),
  );
  return { references: items, ...rest };
}

function entries(state: FakeState, at: string, url: URL): Json {
  const { ref, commit } = state.at(at);
  const below = url.searchParams.get("prefix-key");
  const all = [...commit.tree].toSorted(([a], [b]) => a < b ? -1 : 1).flatMap(([key, content]) => {
    const elements: string[] = JSON.parse(key);
    if (below !== null && elements[0] !== below) return [];
    const bare = state.flaws.has("entries-bare") ? {} : { contentId: content.id };
    const full = url.searchParams.get("content") === "true" ? { content } : {};
    return [{ name: { elements }, type: content.type, ...bare, ...full }];
  });
  const { items, ...rest } = page(
    all,
    url,
    state.flaws.has("entries-lose"),
    state.flaws.has("entries-twice"),
  );
  return { entries: items, effectiveReference: ref, ...rest };
}

function contents(state: FakeState, at: string, body: Json): Json {
  const { ref, commit } = state.at(at);
  const found = body.requestedKeys.flatMap((key: Json) => {
    const content = commit.tree.get(JSON.stringify(key.elements));
    if (!content) return [];
    const rounded = state.flaws.has("contents-rounded") && content.snapshotId !== undefined;
    return [{
      key,
      content: rounded ? { ...content, snapshotId: BigInt(Number(content.snapshotId)) } : content,
    }];
  });
  if (state.flaws.has("contents-lose")) found.pop();
  return { contents: found, effectiveReference: ref };
}

function history(state: FakeState, at: string, url: URL): Json {
  const full = url.searchParams.get("fetch") === "ALL";
  const { flaws } = state;
  const log = state.log(state.at(at).commit.hash);
  if (flaws.has("history-oldest-first")) log.reverse();
  if (flaws.has("history-lose")) log.splice(1, 1);
  const all = log.map(({ hash, message, parent, operations, time }) => ({
    commitMeta: {
      hash,
      message,
      ...flaws.has("commit-timeless") ? {} : { commitTime: time.toISOString() },
      authors: [""],
    },
    parentCommitHash: flaws.has("history-parent") ? "00".repeat(32) : parent,
    ...full
      ? { operations: flaws.has("history-bare") ? [] : operations.map(({ type, key }) => ({ type, key })) }
      : {},
  }));
  const { items, ...rest } = page(all, url);
  return { logEntries: items, ...rest };
}

function diff(state: FakeState, from: string, to: string, url: URL): Json {
  const [a, b] = [state.at(from), state.at(to)];
  const keys = [...new Set([...a.commit.tree.keys(), ...b.commit.tree.keys()])].toSorted();
  const all = keys.flatMap((key) => {
    const [left, right] = [a.commit.tree.get(key), b.commit.tree.get(key)];
    if (left === right && !state.flaws.has("diff-all")) return [];
    const swapped = state.flaws.has("diff-swapped") ? { from: right, to: left } : { from: left, to: right };
    return [{ key: { elements: JSON.parse(key) }, ...swapped }];
  });
  const { items, ...rest } = page(all, url);
  return { diffs: items, effectiveFromReference: a.ref, effectiveToReference: b.ref, ...rest };
}

function iceberg(flaws: ReadonlySet<string>, url: URL): Response {
  if (!url.pathname.endsWith("/config")) return json({ namespaces: [] });
  const asked = url.searchParams.get("warehouse");
  if (asked !== null && asked !== "lakehouse" && !flaws.has("warehouse-any")) {
    return json({
      error: { message: `Warehouse '${asked}' is not known`, type: "IllegalStateException", code: 500 },
    }, 500);
  }
  if (asked === "lakehouse" && flaws.has("warehouse-unknown")) {
    return json({ error: { message: "not known", type: "IllegalStateException", code: 500 } }, 500);
  }
  const warehouse = flaws.has("warehouse-other") ? "s3://elsewhere" : "s3://iceberg-warehouse";
  const prefix = flaws.has("prefix-other") ? "dev" : "main";
  return json({
    defaults: {
      ...flaws.has("warehouse-none") ? {} : { warehouse },
      ...flaws.has("prefix-none") ? {} : { prefix },
    },
    overrides: { uri: flaws.has("uri-other") ? "http://elsewhere:1/iceberg/" : `${url.origin}/iceberg/` },
    ...flaws.has("endpoints-few") ? { endpoints: ["GET /v1/{prefix}/namespaces"] } : {},
  });
}

function health(flaws: ReadonlySet<string>): Response {
  if (flaws.has("health-none")) return new Response("<html>no</html>", { status: 404 });
  const down = flaws.has("health-down");
  const checks = flaws.has("health-empty") ? [] : [
    { name: "Database connections health check", status: "UP" },
    { name: "Warehouses Object Stores", status: down ? "DOWN" : "UP" },
  ];
  return json({ status: down ? "DOWN" : "UP", checks }, down ? 503 : 200);
}

function metrics(flaws: ReadonlySet<string>, requests: readonly string[]): Response {
  if (flaws.has("metrics-none")) return new Response("", { status: 404 });
  const count = flaws.has("metrics-stand") ? 7 : requests.filter((one) => one.endsWith("/config")).length;
  const lines = [
    `http_server_requests_seconds_count{method="GET",uri="/api/v2/config"} ${count}.0`,
    'http_server_requests_seconds_count{method="GET",uri="/other"} 5.0',
    ...flaws.has("metrics-missing") ? [] : ['nessie_versionstore_request_seconds_count{request="x"} 3.0'],
    'jvm_memory_used_bytes{area="heap"} 1.0',
    "process_uptime_seconds 3.0",
    "# EOF",
  ];
  return new Response(lines.join("\n"));
}
