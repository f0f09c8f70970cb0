/** Writes layers and images in the OCI image layout: uncompressed tar layers, hard-linked between images. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { sha256Text, writeWhole } from "./files.ts";
import { tarChunks, type TarEntry } from "./tar.ts";

/** A layer in the cache: its tar archive and what a manifest says about it. */
export type Layer = { readonly path: string; readonly digest: string; readonly size: number };

/** What a container runtime reads from an image's configuration. */
export type ImageConfig = {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly labels?: Readonly<Record<string, string>>;
};

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** Writes entries as a layer to `path` and returns its digest. */
export async function writeLayer(path: string, entries: readonly TarEntry[]): Promise<Layer> {
  const hash = createHash("sha256");
  let size = 0;
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for await (const chunk of tarChunks(entries)) {
    hash.update(chunk);
    size += chunk.length;
    for (let at = 0; at < chunk.length;) at += file.writeSync(chunk.subarray(at));
  }
  return { path, digest: `sha256:${hash.digest("hex")}`, size };
}

/** The layer that an existing tar archive is. */
export async function layerOf(path: string): Promise<Layer> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Uint8Array);
  }
  return { path, digest: `sha256:${hash.digest("hex")}`, size: Deno.statSync(path).size };
}

/** Writes an image into an empty directory on the layers' file system; returns the manifest's digest. */
export function writeImage(
  directory: string,
  name: string,
  layers: readonly Layer[],
  config: ImageConfig,
): string {
  const blobs = join(directory, "blobs", "sha256");
  Deno.mkdirSync(blobs, { recursive: true });
  for (const { path, digest } of layers) Deno.linkSync(path, join(blobs, digest.slice("sha256:".length)));
  const put = (mediaType: string, value: unknown) => {
    const text = JSON.stringify(value);
    const hex = sha256Text(text);
    Deno.writeTextFileSync(join(blobs, hex), text);
    return { mediaType, digest: `sha256:${hex}`, size: new TextEncoder().encode(text).length };
  };
  const configBlob = put(CONFIG_TYPE, {
    architecture: "amd64",
    os: "linux",
    config: {
      Entrypoint: config.entrypoint,
      Cmd: config.cmd,
      Env: config.env,
      User: config.user,
      WorkingDir: config.workingDir,
      Labels: config.labels,
    },
    // Layers are not compressed, so a layer's digest is also its content's.
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  });
  const manifest = put(MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: configBlob,
    layers: layers.map(({ digest, size }) => ({ mediaType: LAYER_TYPE, digest, size })),
  });
  const annotations = { "org.opencontainers.image.ref.name": name };
  writeWhole(
    join(directory, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  writeWhole(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return manifest.digest;
}
