// STAND-IN for 1Password's connect-sync, which is proprietary. It accepts or refuses the credentials file as the real one
// does, and says so to connect-api beside it. The vaults themselves stay in the lab's file: see cloud.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { CREDENTIALS_FILE, log, readCloud, STATE_FILE } from "./cloud.ts";

/** Why the credentials can't be used; undefined when they can. */
function refusal(): string | undefined {
  let text: string;
  try {
    text = readFileSync(CREDENTIALS_FILE, "utf8");
  } catch {
    return `open ${CREDENTIALS_FILE}: no such file or directory`;
  }
  let credentials: unknown;
  try {
    credentials = JSON.parse(text);
  } catch {
    return "illegal base64 data at input byte 0";
  }
  const field = (name: string) =>
    typeof credentials === "object" && credentials ? Reflect.get(credentials, name) : undefined;
  if (!field("encCredentials") || !field("uniqueKey") || !field("version")) {
    return "credentials file is not valid";
  }
  if (field("deviceUuid") !== readCloud().deviceUuid) return "server not found (404)";
  return undefined;
}

Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
Deno.serve({ port: Number(Deno.env.get("OP_HTTP_PORT") ?? 8081), onListen: () => {} }, (request) => {
  const path = new URL(request.url).pathname;
  if (path === "/heartbeat") return new Response(".");
  if (path !== "/health") return new Response("404 page not found\n", { status: 404 });
  return Response.json({
    name: "1Password Connect Sync",
    version: "1.7.3",
    dependencies: [{
      service: "sqlite",
      status: "ACTIVE",
      message: "Connected to /home/opuser/.op/data/1password.sqlite",
    }],
  });
});
log(3, "starting 1Password Connect Sync, version 1.7.3 (build 010703, the lab's stand-in)");
for (;;) {
  const why = refusal();
  writeFileSync(STATE_FILE, JSON.stringify({ ok: why === undefined }));
  if (why === undefined) {
    log(3, "syncer: connected to 1Password");
    break;
  }
  log(
    1,
    "Server: (unable to get credentials and initialize API, retrying in 30s), Wrapped: (failed to FindCredentialsUniqueKey), " +
      `Wrapped: (failed to loadCredentialsFile), Wrapped: (LoadLocalAuthV2 failed to credentialsDataFromBase64), ${why}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 30_000));
}
