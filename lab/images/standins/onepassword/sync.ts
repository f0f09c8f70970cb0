// STAND-IN for 1Password's connect-sync, which is proprietary. It accepts or refuses the credentials file as the real one
// does, and says so to connect-api beside it. It keeps no copy of the vaults: connect-api asks for them itself.
import { readFileSync, writeFileSync } from "node:fs";
import { CloudError, CREDENTIALS_FILE, linkTo, log, STATE_FILE, type SyncState } from "./cloud.ts";

/** Tries the credentials once; `why` is for the log, in Connect's words where they are known. */
export async function tryCredentials(file: string): Promise<{ state: SyncState; why?: string }> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return { state: "REFUSED", why: `open ${file}: no such file or directory` };
  }
  try {
    const { deviceUuid } = await linkTo(text).read();
    return deviceUuid === JSON.parse(text).deviceUuid
      ? { state: "ACTIVE" }
      : { state: "REFUSED", why: "server not found (404)" };
  } catch (error) {
    const refused = !(error instanceof CloudError) || error.status === 401;
    return { state: refused ? "REFUSED" : "WAITING", why: error instanceof Error ? error.message : "" };
  }
}

/** Tries until the credentials are accepted. An unreachable cloud is asked again sooner than one that refused. */
async function bootstrap(): Promise<void> {
  for (let seconds = 1;; seconds = Math.min(seconds * 2, 30)) {
    const { state, why } = await tryCredentials(CREDENTIALS_FILE);
    writeFileSync(STATE_FILE, JSON.stringify(state));
    if (state === "ACTIVE") return log(3, "syncer: connected to 1Password");
    if (state === "REFUSED") seconds = 30;
    const wrapped = state === "REFUSED"
      ? "Wrapped: (failed to FindCredentialsUniqueKey), Wrapped: (failed to loadCredentialsFile), " +
        "Wrapped: (LoadLocalAuthV2 failed to credentialsDataFromBase64), "
      : "";
    log(
      1,
      `Server: (unable to get credentials and initialize API, retrying in ${seconds}s), ${wrapped}${why}`,
    );
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}

function answer(request: Request): Response {
  const path = new URL(request.url).pathname;
  if (path === "/heartbeat") return new Response(".");
  if (path !== "/health") return new Response("404 page not found\n", { status: 404 });
  const sqlite = {
    service: "sqlite",
    status: "ACTIVE",
    message: "Connected to /home/opuser/.op/data/1password.sqlite",
  };
  return Response.json({ name: "1Password Connect Sync", version: "1.7.3", dependencies: [sqlite] });
}

if (import.meta.main) {
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  Deno.serve({ port: Number(Deno.env.get("OP_HTTP_PORT") ?? 8081), onListen: () => {} }, answer);
  log(3, "starting 1Password Connect Sync, version 1.7.3 (build 010703, the lab's stand-in)");
  await bootstrap();
}
