/** Packs `kubernetes/` and the lab's overlay as Flux reads them, and charts as Helm reads them, for the lab's registry. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parse } from "yaml";
import { writeLayer } from "../build/oci.ts";
import { treeEntries } from "../build/tar.ts";
import { pushLayout } from "../cluster/mod.ts";
import type { LabContext } from "../context.ts";
import { layoutOf, renameTree } from "../layout.ts";

const ROOT = { uid: 0, gid: 0 };
const FLUX = "application/vnd.cncf.flux";
const HELM = "application/vnd.cncf.helm";

/** Repository of the manifests in the lab's registry; its tag is `latest`. */
export const MANIFESTS = "lakecheck/manifests";
/** Repository below which the charts are. */
export const CHARTS = "lakecheck/charts";

interface Blob {
  mediaType: string;
  bytes: Uint8Array;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes an OCI layout with one config and one layer. Equal content gives equal bytes, so an equal digest. */
function writeLayout(dir: string, config: Blob, layer: Blob): string {
  const blobs = join(dir, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const add = ({ mediaType, bytes }: Blob) => {
    writeFileSync(join(blobs, sha256(bytes)), bytes);
    return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  };
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: add(config),
    layers: [add(layer)],
  });
  const bytes = new TextEncoder().encode(manifest);
  const descriptor = add({ mediaType: "application/vnd.oci.image.manifest.v1+json", bytes });
  writeFileSync(join(dir, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  return descriptor.digest;
}

async function tarball(work: string, from: string, prefix: string): Promise<Uint8Array> {
  const tar = join(work, "content.tar");
  // An entry for the top directory itself has no name there, and Flux refuses it.
  await writeLayer(tar, treeEntries(from, prefix, ROOT).filter((entry) => entry.path !== ""));
  const bytes = gzipSync(readFileSync(tar));
  rmSync(tar);
  return bytes;
}

async function inScratch<T>(ctx: LabContext, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(ctx.dir, "artifact-"));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * Packs the checkout's manifests and pushes them as the artifact that the platform's Flux follows; gives its digest.
 * `mutate` may change the tree first: it gets a directory that holds `kubernetes/` and `lab/overlay/`. Without it the
 * good manifests are pushed (back). Equal trees have equal digests: pushing one again changes nothing.
 */
export async function pushArtifact(
  ctx: LabContext,
  mutate?: (tree: string) => void | Promise<void>,
): Promise<string> {
  return await inScratch(ctx, async (dir) => {
    const tree = join(dir, "tree");
    for (const part of ["kubernetes", "lab/overlay"]) {
      cpSync(join(ctx.root, part), join(tree, part), { recursive: true });
    }
    renameTree(tree, layoutOf(ctx));
    await mutate?.(tree);
    const layout = join(dir, "layout");
    const digest = writeLayout(
      layout,
      { mediaType: `${FLUX}.config.v1+json`, bytes: new TextEncoder().encode("{}") },
      { mediaType: `${FLUX}.content.v1.tar+gzip`, bytes: await tarball(dir, tree, "") },
    );
    await pushLayout(ctx, layout, `${ctx.registry}/${MANIFESTS}:latest`);
    return digest;
  });
}

/** Packs every chart of `kubernetes/charts` and pushes it under its own version. `mutate` as for the manifests. */
export async function pushCharts(
  ctx: LabContext,
  mutate?: (charts: string) => void | Promise<void>,
): Promise<void> {
  await inScratch(ctx, async (dir) => {
    const charts = join(dir, "charts");
    cpSync(join(ctx.root, "kubernetes/charts"), charts, { recursive: true });
    renameTree(charts, layoutOf(ctx));
    await mutate?.(charts);
    for (const name of readdirSync(charts)) {
      const meta: { version: string } = parse(readFileSync(join(charts, name, "Chart.yaml"), "utf8"));
      const layout = join(dir, `layout-${name}`);
      writeLayout(
        layout,
        { mediaType: `${HELM}.config.v1+json`, bytes: new TextEncoder().encode(JSON.stringify(meta)) },
        {
          mediaType: `${HELM}.chart.content.v1.tar+gzip`,
          bytes: await tarball(dir, join(charts, name), `${name}/`),
        },
      );
      await pushLayout(ctx, layout, `${ctx.registry}/${CHARTS}/${name}:${meta.version}`);
    }
  });
}
