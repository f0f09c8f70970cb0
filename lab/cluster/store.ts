import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { LabContext } from "../context.ts";
import { must, run } from "../process.ts";
import { containerd, containerdRoot, containerdSocket } from "./parts/containerd.ts";
import { awaitDaemon, startDaemon, stopDaemon } from "./daemon.ts";
import { inNamespace } from "./network.ts";
import { type CachedImage, cachedImages } from "./parts/registry.ts";

/**
 * Unpacking a gigabyte of images takes many times longer than linking it. So the first lab that has unpacked them
 * leaves a template in the cache: images and committed snapshots, which nobody ever writes to again. Later labs link
 * the files and copy only the databases.
 */
function templates(ctx: LabContext): string {
  return join(ctx.cache, "containerd-store");
}

/** Pure: names a template by what is in it. */
export function templateName(images: readonly CachedImage[]): string {
  const lines = images.map((image) => `${image.name} ${image.digest}`).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 24);
}

async function locked<T>(ctx: LabContext, exclusive: boolean, work: () => Promise<T>): Promise<T> {
  mkdirSync(templates(ctx), { recursive: true, mode: 0o700 });
  using file = Deno.openSync(join(templates(ctx), "lock"), { create: true, write: true });
  await file.lock(exclusive);
  return await work();
}

/** Links a store, and copies its databases: they alone are written to. */
async function linkStore(from: string, to: string): Promise<void> {
  rmSync(`${to}.new`, { recursive: true, force: true });
  await must("image store", ["cp", "-al", from, `${to}.new`], { timeoutMs: 120_000 });
  const found = await must("image store", ["find", `${to}.new`, "-maxdepth", "2", "-name", "*.db"]);
  for (const path of found.split("\n").filter(Boolean)) {
    writeFileSync(`${path}.new`, readFileSync(path), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  renameSync(`${to}.new`, to);
}

function templatesLeft(ctx: LabContext): string[] {
  return readdirSync(templates(ctx)).filter((name) => /^[0-9a-f]{24}$/.test(name));
}

function canLink(ctx: LabContext): boolean {
  return statSync(ctx.dir).dev === statSync(ctx.cache).dev;
}

/** Fills containerd's directory from the template that fits best, if this lab has none yet. Before containerd starts. */
export async function cloneStore(ctx: LabContext): Promise<string | undefined> {
  const root = containerdRoot(ctx);
  if (existsSync(root)) return undefined;
  if (!canLink(ctx)) return "none: the cache is on another file system, so images are unpacked again";
  return await locked(ctx, false, async () => {
    const left = templatesLeft(ctx);
    const best = left.find((name) => name === templateName(cachedImages(ctx))) ?? left[0];
    if (best === undefined) return "none yet";
    await linkStore(join(templates(ctx), best), root);
    return "linked from the cache";
  });
}

function ctr(ctx: LabContext, ...args: string[]): string[] {
  const client = [join(ctx.cache, "bin/ctr"), "--address", containerdSocket(ctx), "--namespace", "k8s.io"];
  return inNamespace(ctx, [...client, ...args]);
}

/** Pure: the images in `ctr images list` output: full name to digest. */
export function parseImageList(output: string): Map<string, string> {
  const rows = output.split("\n").slice(1).map((line) => line.split(/\s+/));
  return new Map(rows.flatMap(([name, , digest]) => name && digest ? [[name, digest] as const] : []));
}

/** Has containerd unpack what it lacks or has in another version. Needs a filled registry. Gives their number. */
export async function unpackImages(ctx: LabContext): Promise<number> {
  const there = parseImageList(await must("images", ctr(ctx, "images", "list")));
  const missing = cachedImages(ctx).filter((image) => there.get(image.name) !== image.digest);
  const queue = [...missing];
  const hosts = join(ctx.etc, "certs.d");
  const pull = async () => {
    for (let image = queue.shift(); image; image = queue.shift()) {
      const argv = ctr(ctx, "images", "pull", "--local", "--hosts-dir", hosts, image.name);
      await must("images", argv, { timeoutMs: 300_000 });
    }
  };
  await Promise.all([pull(), pull()]);
  return missing.length;
}

/**
 * Forgets images of earlier builds, and has containerd delete their content and snapshots now: it would do so only later,
 * and the template would carry them on.
 */
async function dropOldImages(ctx: LabContext): Promise<void> {
  const wanted = new Set(cachedImages(ctx).map((image) => image.digest));
  const there = parseImageList(await must("image store", ctr(ctx, "images", "list")));
  const old = [...there].filter(([, digest]) => !wanted.has(digest)).map(([name]) => name);
  if (old.length > 0) await must("image store", ctr(ctx, "images", "remove", ...old));
  const lease = `lakecheck-${crypto.randomUUID()}`;
  await must("image store", ctr(ctx, "leases", "create", "--id", lease));
  await must("image store", ctr(ctx, "leases", "delete", "--sync", lease), { timeoutMs: 120_000 });
}

/** Layers that the cache holds as part of its images need no second copy in containerd's directory. */
function shareLayers(ctx: LabContext): void {
  const blobs = join(containerdRoot(ctx), "io.containerd.content.v1.content/blobs/sha256");
  const layouts = cachedImages(ctx).map((image) => join(ctx.cache, image.dir, "blobs/sha256"));
  for (const name of readdirSync(blobs)) {
    const from = layouts.map((dir) => join(dir, name)).find((path) => existsSync(path));
    if (from === undefined) continue;
    rmSync(`${blobs}/${name}`);
    linkSync(from, `${blobs}/${name}`);
  }
}

/** Leaves what containerd has as the template for later labs, unless it is there. No pod may run yet. */
export async function saveStore(ctx: LabContext): Promise<string | undefined> {
  const template = join(templates(ctx), templateName(cachedImages(ctx)));
  if (existsSync(template) || !canLink(ctx)) return undefined;
  const containers = await run(ctr(ctx, "containers", "list", "--quiet"));
  if (containers.code !== 0 || containers.stdout.trim() !== "") return undefined;
  const daemon = containerd(ctx);
  await dropOldImages(ctx);
  await stopDaemon(ctx, daemon.name);
  shareLayers(ctx);
  await locked(ctx, true, async () => {
    await linkStore(containerdRoot(ctx), template);
    for (const old of templatesLeft(ctx).filter((name) => name !== basename(template))) {
      rmSync(join(templates(ctx), old), { recursive: true, force: true });
    }
  });
  await startDaemon(ctx, daemon);
  await awaitDaemon(ctx, daemon);
  return "kept for later labs";
}
