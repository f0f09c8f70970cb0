/** Runs the toy command as a process of its own and keeps all that it said. */

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

const TOY = new URL("toy_command.ts", import.meta.url).pathname;
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-net",
  "--allow-run",
  "--allow-sys",
];

export function toyArgs(args: readonly string[], permissions: readonly string[] = PERMISSIONS): string[] {
  return ["run", "--no-prompt", "--quiet", ...permissions, TOY, ...args];
}

/** The outcome of the command, without kubeconfig or colours unless `env` says otherwise. */
export async function toy(
  args: readonly string[],
  { env = {}, permissions }: { env?: Record<string, string>; permissions?: string[] } = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: toyArgs(args, permissions),
    env: { KUBECONFIG: "/nonexistent/kubeconfig", HOME: "/nonexistent", DENO_DIR: denoDir(), ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** HOME is hidden from the command, and Deno's cache must not be. */
function denoDir(): string {
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`;
}

const result = (parts: string[][]) => ({
  ok: true,
  items: parts.map((own, i) => ({ metadata: { name: `w${i}`, namespace: "data-platform" }, parts: own })),
});

/** Facts for the toys: a widget for each list of parts, and one gadget. */
export function factsOf(widgets: string[][], rest: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T03:04:05.678Z",
    context: "lab",
    namespace: "data-platform",
    sources: { widgets: result(widgets), gadgets: result([["x"]]) },
    ...rest,
  };
}

/** Calls with a directory of its own, which is gone afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-cli-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
