import { join } from "node:path";
import type { LabContext } from "../../context.ts";
import { get } from "../api.ts";
import type { Daemon } from "../daemon.ts";

const SERVER = new URL("../../platform/one_password_server.ts", import.meta.url).pathname;

/**
 * What stands in the place of 1password.com: outside the cluster's pods, on the port that Connect's network policy lets
 * them ask.
 */
export function onePassword(ctx: LabContext): Daemon {
  const dir = join(ctx.dir, "onepassword");
  const bounds = [`--allow-net=${ctx.net.node}:443`, `--allow-read=${dir}`, `--allow-write=${dir}`];
  return {
    name: "1password.com",
    version: "-",
    argv: [
      join(ctx.cache, "bin/deno"),
      ...["run", "--no-prompt", "--no-config", "--no-lock", "--no-remote", ...bounds],
      ...[SERVER, join(dir, "vaults.json"), ctx.net.node, "443"],
    ],
    env: { DENO_DIR: join(ctx.dir, "daemons/deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    files: [SERVER],
    // Nobody is let in here without the secret of a credentials file; that it says so is enough.
    ready: async () => (await get(ctx, `${ctx.onePassword}/vaults.json`)).status !== 0,
    readyMs: 10_000,
    standIn:
      "a file of the lab, .lab/onepassword/vaults.json, served to Connect in the place of 1Password's own",
  };
}
