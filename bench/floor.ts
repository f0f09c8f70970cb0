/**
 * The floor of a health run: fetch the same URLs side by side, parse them, and do nothing with it.
 * Reads a plan (server, credentials, paths) that bench/plan.ts wrote, so that it parses no kubeconfig either.
 */
const plan = JSON.parse(Deno.readTextFileSync(Deno.args[0] ?? "")) as {
  server: string;
  caCerts: string[];
  cert: string;
  key: string;
  requests: { path: string; accept: string }[];
};
const client = Deno.createHttpClient({
  caCerts: plan.caCerts,
  cert: plan.cert,
  key: plan.key,
  http1: false,
  http2: true,
});
let objects = 0;
await Promise.all(plan.requests.map(async ({ path, accept }) => {
  const response = await fetch(plan.server + path, { client, headers: { accept } });
  const text = await response.text();
  if (!response.headers.get("content-type")?.includes("json")) return;
  objects += (JSON.parse(text) as { items?: unknown[] }).items?.length ?? 0;
}));
console.log(objects);
Deno.exit(0);
