/** Builds every directory of kubernetes/ that holds manifests, with the kustomize that the lab uses. */
import { goDir, goEnv } from "../lab/build/parts/go.ts";

const PACKAGE = "sigs.k8s.io/kustomize/kustomize/v5";

/** True when all build. Throws when there is no kustomize and none can be made. */
export async function build(): Promise<boolean> {
  const kustomize = await binary();
  const directories = await withManifests("kubernetes");
  if (directories.length === 0) throw new Error("kubernetes/ holds no manifests: nothing was built.");
  let good = true;
  for (const directory of directories) {
    const { success, stderr } = await output(kustomize, ["build", directory]);
    if (success) continue;
    good = false;
    console.error(`kustomize build ${directory} failed:\n${stderr}`);
  }
  return good;
}

/** The lab's binary if it is built, else the same one, built from the same pins. */
async function binary(): Promise<string> {
  const home = Deno.env.get("HOME") ?? "/root";
  const cache = Deno.env.get("LAKECHECK_LAB_CACHE") ?? `${home}/.cache/lakecheck-lab`;
  const path = `${cache}/bin/kustomize`;
  if (await runs(path)) return path;
  console.log(`No kustomize at ${path}: building it with go ...`);
  await Deno.mkdir(`${cache}/bin`, { recursive: true });
  const temporary = `${path}.${Deno.pid}.tmp`;
  const made = await output("go", ["build", "-o", temporary, PACKAGE], {
    cwd: `${goDir}kustomize`,
    env: goEnv(cache),
  }).catch((error) => ({ success: false, stderr: error instanceof Error ? error.message : String(error) }));
  if (made.success) await Deno.rename(temporary, path);
  if (made.success && await runs(path)) return path;
  throw new Error(
    `There is no kustomize at ${path}, and go could not build it: ${made.stderr.trim()}\n` +
      "Install Go 1.24 or newer, or bring the lab up once (deno task lab:up), then run this again.",
  );
}

async function runs(path: string): Promise<boolean> {
  return await output(path, ["version"]).then(({ success }) => success, () => false);
}

async function output(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const result = await new Deno.Command(command, {
    ...options,
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  })
    .output();
  return { success: result.success, stderr: new TextDecoder().decode(result.stderr) };
}

/**
 * Directories from here down with YAML in them: each must build by itself, so each needs a kustomization.
 * Helm charts are not Kustomize's: the helm-controller renders them.
 */
async function withManifests(directory: string): Promise<string[]> {
  const found: string[] = [];
  let [manifests, chart] = [false, false];
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isDirectory) found.push(...await withManifests(`${directory}/${entry.name}`));
    else if (entry.name === "Chart.yaml") chart = true;
    else if (/\.ya?ml$/.test(entry.name)) manifests = true;
  }
  if (chart) return [];
  return manifests ? [directory, ...found.toSorted()] : found.toSorted();
}
