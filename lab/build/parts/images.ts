/** Parts that make layers and images out of what was fetched and built. */
import { join } from "node:path";
import { exists, listFiles, moveInto, writeWhole } from "../files.ts";
import { images, type ImageSpec, type LayerSpec } from "../images.ts";
import { nessieEntries } from "../nessie.ts";
import { type Layer, layerOf, writeImage, writeLayer } from "../oci.ts";
import type { Part, PartContext } from "../runner.ts";
import { type TarEntry, treeEntries } from "../tar.ts";

const MINUTE = 60_000;
const ROOT = { uid: 0, gid: 0 };

/** Where the stand-in servers' sources lie: `lab/images`. */
export const appsDir = new URL("../../images/", import.meta.url).pathname;

/** One line of `images.json`. `dir` is below the cache. */
export type ImageEntry = {
  readonly name: string;
  readonly dir: string;
  readonly digest: string;
  readonly standIn?: string;
};

/** A directory name for an image: its name with slashes and colons replaced. */
export function imageDir(name: string): string {
  return join("images", name.replaceAll(/[^\w.-]+/g, "_"));
}

function bytes(path: string, text: string, mode = 0o644): TarEntry {
  return { path, mode, content: { kind: "bytes", bytes: new TextEncoder().encode(text) } };
}

function directory(path: string, mode = 0o755, owner: { uid: number; gid: number } = ROOT): TarEntry {
  return { path, mode, ...owner, content: { kind: "directory" } };
}

function file(path: string, from: string, mode: number): TarEntry {
  return { path, mode, content: { kind: "file", path: from, size: Deno.statSync(from).size } };
}

/** Users, certificates and /tmp for a static program. The certificates are this machine's. */
function staticEntries(): TarEntry[] {
  return [
    directory("etc/"),
    bytes("etc/group", "root:x:0:\nnonroot:x:65532:\nnogroup:x:65534:\n"),
    bytes("etc/nsswitch.conf", "hosts: files dns\n"),
    bytes(
      "etc/passwd",
      "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n" +
        "nobody:x:65534:65534:nobody:/tmp:/sbin/nologin\n",
    ),
    directory("etc/ssl/"),
    directory("etc/ssl/certs/"),
    file("etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt", 0o644),
    directory("tmp/", 0o1777),
  ];
}

/** Spark as its own image lays it out, from the unpacked Python package and the added jars. */
function sparkEntries(unpacked: string, jars: string): TarEntry[] {
  const spark = { uid: 185, gid: 0 };
  const parts = ["bin", "sbin", "jars"].flatMap((name) =>
    treeEntries(join(unpacked, "deps", name), `opt/spark/${name}/`, ROOT)
  );
  const added = [...Deno.readDirSync(jars)].map((entry) => entry.name).sort();
  return [
    directory("opt/"),
    directory("opt/spark/"),
    directory("opt/spark/conf/"),
    directory("opt/spark/logs/", 0o775, spark),
    directory("opt/spark/work-dir/", 0o775, spark),
    ...parts,
    ...added.map((name) => file(`opt/spark/jars/${name}`, join(jars, name), 0o644)),
    directory("opt/spark/python/"),
    ...treeEntries(join(unpacked, "pyspark"), "opt/spark/python/pyspark/", ROOT),
    ...treeEntries(join(unpacked, "lib"), "opt/spark/python/lib/", ROOT),
  ];
}

async function sparkLayer(context: PartContext): Promise<TarEntry[]> {
  await context.run([
    "tar",
    "-xzf",
    join(context.cacheDir, "downloads/pyspark.tar.gz"),
    "--strip-components=1",
  ]);
  const scripts = listFiles(join(context.workDir, "deps/bin"));
  for (const name of scripts) Deno.chmodSync(join(context.workDir, "deps/bin", name), 0o755);
  return sparkEntries(context.workDir, join(context.cacheDir, "downloads/spark-jars"));
}

type LayerMaker = {
  readonly needs: readonly string[];
  readonly entries: (context: PartContext) => Promise<TarEntry[]>;
};

const sharedLayers: Readonly<Record<"static" | "spark" | "nessie" | "deno", LayerMaker>> = {
  spark: { needs: ["spark package", "spark jars"], entries: sparkLayer },
  nessie: { needs: ["nessie jar", "java runtime"], entries: nessieEntries },
  deno: {
    needs: ["deno"],
    entries: (context) =>
      Promise.resolve([
        directory("usr/"),
        directory("usr/local/"),
        directory("usr/local/bin/"),
        file("usr/local/bin/deno", join(context.cacheDir, "bin/deno"), 0o755),
      ]),
  },
  static: { needs: [], entries: () => Promise.resolve(staticEntries()) },
};

function megabytes(size: number): string {
  return `${Math.max(1, Math.round(size / 1e6))} MB`;
}

function layerPart(name: string, maker: LayerMaker): Part {
  const output = `layers/${name}.tar`;
  return {
    name: `${name} layer`,
    kind: "build",
    needs: maker.needs,
    // A new layout of the layer is a new number here.
    inputs: ["2"],
    outputs: [output, `layers/${name}.json`],
    timeoutMs: 10 * MINUTE,
    run: async (context) => {
      // Beside the unpacked files, which are the work directory's content.
      const target = join(context.cacheDir, `layers/.${name}.tar.tmp`);
      Deno.mkdirSync(join(context.cacheDir, "layers"), { recursive: true });
      const layer = await writeLayer(target, await maker.entries(context));
      return finishLayer(context, name, { ...layer, path: join(context.cacheDir, output) }, target);
    },
  };
}

function finishLayer(context: PartContext, name: string, layer: Layer, target: string): string {
  moveInto(target, layer.path);
  const { digest, size } = layer;
  writeWhole(join(context.cacheDir, `layers/${name}.json`), JSON.stringify({ digest, size }));
  return megabytes(size);
}

function debianLayerPart(): Part {
  return {
    name: "debian layer",
    kind: "build",
    needs: ["debian"],
    inputs: [],
    outputs: ["layers/debian.json"],
    timeoutMs: 5 * MINUTE,
    run: async (context) => {
      const { digest, size } = await layerOf(join(context.cacheDir, "layers/debian.tar"));
      writeWhole(join(context.cacheDir, "layers/debian.json"), JSON.stringify({ digest, size }));
      return megabytes(size);
    },
  };
}

function readLayer(cacheDir: string, name: string): Layer {
  const { digest, size } = JSON.parse(Deno.readTextFileSync(join(cacheDir, `layers/${name}.json`)));
  return { path: join(cacheDir, `layers/${name}.tar`), digest, size };
}

/** Directories that must stand in a layer before `path`, outermost first. */
export function parentDirectories(path: string): string[] {
  const elements = path.split("/").slice(0, -1);
  return elements.map((_, index) => `${elements.slice(0, index + 1).join("/")}/`);
}

function ownEntries(spec: LayerSpec, cacheDir: string): TarEntry[] {
  if (spec.kind === "program") {
    const links = Object.entries(spec.links ?? {}).map(([path, target]): TarEntry => ({
      path,
      mode: 0o777,
      content: { kind: "link", target },
    }));
    const parents = parentDirectories(spec.to).map((path) => directory(path));
    return [...parents, file(spec.to, join(cacheDir, spec.from), 0o755), ...links];
  }
  if (spec.kind === "app") return treeEntries(join(appsDir, spec.source), "app/", ROOT);
  throw new TypeError(`layer ${spec.kind} is not an image's own`);
}

function layerNeeds(spec: LayerSpec): string {
  return spec.kind === "program" ? spec.part : `${spec.kind} layer`;
}

function appInputs(spec: LayerSpec): string[] {
  if (spec.kind !== "app") return [];
  const source = join(appsDir, spec.source);
  if (!exists(source)) return [`${source} is missing`];
  return listFiles(source).flatMap((name) => [name, Deno.readTextFileSync(join(source, name))]);
}

function imagePart(spec: ImageSpec): Part {
  const dir = imageDir(spec.name);
  return {
    name: `image ${spec.name}`,
    kind: "build",
    needs: spec.layers.filter((layer) => layer.kind !== "app").map(layerNeeds),
    inputs: [JSON.stringify(spec), ...spec.layers.flatMap(appInputs)],
    outputs: [join(dir, "index.json")],
    timeoutMs: 5 * MINUTE,
    run: async (context) => {
      const layers: Layer[] = [];
      for (const [index, layer] of spec.layers.entries()) {
        if (layer.kind === "program" || layer.kind === "app") {
          const path = join(context.workDir, `${index}.tar`);
          layers.push(await writeLayer(path, ownEntries(layer, context.cacheDir)));
        } else {
          layers.push(readLayer(context.cacheDir, layer.kind));
        }
      }
      const env = Object.entries(spec.env ?? {}).map(([key, value]) => `${key}=${value}`);
      const config = { ...spec, env: env.length > 0 ? env : undefined };
      writeImage(join(context.workDir, "image"), spec.name, layers, config);
      moveInto(join(context.workDir, "image"), join(context.cacheDir, dir));
      return megabytes(layers.reduce((sum, layer) => sum + layer.size, 0));
    },
  };
}

/** What `images.json` says, read from the images that are there. */
export function imageEntries(cacheDir: string): ImageEntry[] {
  return images.map(({ name, standIn }) => {
    const dir = imageDir(name);
    const index = JSON.parse(Deno.readTextFileSync(join(cacheDir, dir, "index.json")));
    const digest: string = index.manifests[0].digest;
    return standIn === undefined ? { name, dir, digest } : { name, dir, digest, standIn };
  });
}

/** All layers and images. */
export function imageParts(): Part[] {
  const layers = Object.entries(sharedLayers).map(([name, maker]) => layerPart(name, maker));
  return [debianLayerPart(), ...layers, ...images.map(imagePart)];
}
