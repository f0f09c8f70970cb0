/** Parts that copy custom resource definitions and install manifests out of the fetched Go modules. */
import { join } from "node:path";
import { exists, moveInto } from "../files.ts";
import { moduleDir } from "./go.ts";
import { goPins } from "../pins.ts";
import type { Part } from "../runner.ts";

type ManifestSource = {
  /** Directory below `manifests`. */
  readonly name: string;
  readonly module: string;
  /** The part that fetches the module. */
  readonly needs: string;
  readonly version: string;
  /** File or directory in the module → path below `manifests/NAME`. */
  readonly copy: Readonly<Record<string, string>>;
};

function ofBuild(name: string, build: string, copy: Readonly<Record<string, string>>): ManifestSource {
  const pin = goPins.find((candidate) => candidate.name === build);
  if (pin === undefined) throw new TypeError(`no Go build is called ${build}`);
  return { name, module: pin.module, version: pin.version, needs: `${build} sources`, copy };
}

const sources: readonly ManifestSource[] = [
  ofBuild("cnpg", "cnpg", { "releases/cnpg-1.26.0.yaml": "cnpg-1.26.0.yaml" }),
  ...["source-controller", "kustomize-controller", "helm-controller"].map((controller) =>
    ofBuild(`flux/${controller}`, controller, {
      "config/crd/bases": "crds",
      "config/rbac": "rbac",
      "config/manager": "manager",
    })
  ),
  ofBuild("external-secrets", "external-secrets", {
    "config/crds/bases": "crds",
    "deploy/charts/external-secrets": "chart",
  }),
  ofBuild("calico", "calico", { "libcalico-go/config/crd": "crds" }),
  ofBuild("rook", "rook", {
    "deploy/examples/crds.yaml": "crds.yaml",
    "deploy/examples/common.yaml": "common.yaml",
  }),
];

function manifestPart(source: ManifestSource): Part {
  const output = `manifests/${source.name}`;
  return {
    name: `${source.name} manifests`,
    kind: "fetch",
    needs: [source.needs],
    inputs: [JSON.stringify(source.copy)],
    outputs: Object.values(source.copy).map((path) => join(output, path)),
    timeoutMs: 60_000,
    run: async (context) => {
      const from = join(context.cacheDir, moduleDir(source.module, source.version));
      const staged = join(context.workDir, "staged");
      Deno.mkdirSync(staged);
      for (const [path, to] of Object.entries(source.copy)) {
        if (!exists(join(from, path))) throw new Error(`${source.module} ${source.version} has no ${path}`);
        await context.run(["cp", "-r", "--no-preserve=mode", join(from, path), join(staged, to)]);
      }
      moveInto(staged, join(context.cacheDir, output));
      return `${Object.keys(source.copy).length} of ${source.version}`;
    },
  };
}

/** All manifests. */
export function manifestParts(): Part[] {
  return sources.map(manifestPart);
}
