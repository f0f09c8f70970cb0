import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isCode, type LabContext } from "../../context.ts";
import { LabError } from "../../errors.ts";
import { isOk } from "../api.ts";
import type { Daemon } from "../daemon.ts";

/** An image in the cache: its full name, OCI layout directory relative to the cache, and manifest digest. */
export interface CachedImage {
  name: string;
  dir: string;
  digest: string;
}

interface Descriptor {
  mediaType: string;
  digest: string;
}

/** What the registry serves under one tag. Kept in a file, because the registry keeps manifests in memory only. */
interface Served {
  repository: string;
  reference: string;
  mediaType: string;
  manifest: string;
}

function blobDirectory(ctx: LabContext): string {
  return join(ctx.dir, "registry/sha256");
}

function servedDirectory(ctx: LabContext): string {
  return join(ctx.dir, "registry-manifests");
}

/** The OCI registry that serves every image of the lab, and the platform's own artifact. */
export function registry(ctx: LabContext): Daemon {
  mkdirSync(blobDirectory(ctx), { recursive: true, mode: 0o700 });
  return {
    name: "registry",
    version: "0.22.1",
    argv: [
      join(ctx.cache, "bin/crane"),
      ...["registry", "serve", "--disk", join(ctx.dir, "registry"), "--address", ctx.registry],
    ],
    files: [],
    ready: () => isOk(ctx, `http://${ctx.registry}/v2/`),
    readyMs: 10_000,
  };
}

/** Pure: where an image is in the lab's registry: its path without the registry's host, and tag or digest. */
export function splitImageName(name: string): { repository: string; reference: string } {
  const first = name.split("/")[0] ?? "";
  const hasHost = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  const path = hasHost ? name.slice(first.length + 1) : name.includes("/") ? name : `library/${name}`;
  const match = /^(.+?)(?:@(sha256:[0-9a-f]{64})|:([\w.-]+))?$/.exec(path);
  return { repository: match?.[1] ?? path, reference: match?.[2] ?? match?.[3] ?? "latest" };
}

/** The images that lab/build has made. Empty when it has made none. */
export function cachedImages(ctx: LabContext): CachedImage[] {
  const file = join(ctx.cache, "images.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
}

function readDescriptor(layout: string): Descriptor {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const [first, ...rest] = index.manifests ?? [];
  if (first === undefined || rest.length > 0) {
    throw new LabError(
      "registry",
      `${layout}/index.json has ${(index.manifests ?? []).length} manifests instead of one`,
    );
  }
  return first;
}

/** Serves an OCI layout directory as `name:tag`. Its blobs are linked, not copied, where the file system allows. */
export async function pushLayout(ctx: LabContext, layout: string, name: string): Promise<void> {
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobDirectory(ctx), { recursive: true, mode: 0o700 });
  for (const hex of readdirSync(blobs)) share(join(blobs, hex), join(blobDirectory(ctx), hex));
  const descriptor = readDescriptor(layout);
  const manifest = readFileSync(join(blobs, descriptor.digest.replace("sha256:", "")), "utf8");
  const served: Served = { ...splitImageName(name), mediaType: descriptor.mediaType, manifest };
  await put(ctx, served);
  const file = join(servedDirectory(ctx), encodeURIComponent(`${served.repository}:${served.reference}`));
  mkdirSync(servedDirectory(ctx), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, JSON.stringify(served));
  renameSync(`${file}.new`, file);
}

function share(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch (error) {
    if (!isCode(error, "EXDEV") && !isCode(error, "EPERM")) throw error;
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }
}

async function put(ctx: LabContext, served: Served): Promise<void> {
  const url = `http://${ctx.registry}/v2/${served.repository}/manifests/${served.reference}`;
  const answer = await fetch(url, {
    method: "PUT",
    headers: { "content-type": served.mediaType },
    body: served.manifest,
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new LabError("registry", `PUT ${url} answered ${answer.status}: ${text.slice(0, 300)}`);
  }
}

/** Serves every image in the cache, and again what `pushLayout` had put there before the registry was restarted. */
export async function fillRegistry(ctx: LabContext): Promise<number> {
  const images = cachedImages(ctx);
  const names = new Set<string>();
  for (const image of images) {
    await pushLayout(ctx, join(ctx.cache, image.dir), image.name);
    const { repository, reference } = splitImageName(image.name);
    names.add(encodeURIComponent(`${repository}:${reference}`));
  }
  if (!existsSync(servedDirectory(ctx))) return images.length;
  for (const file of readdirSync(servedDirectory(ctx))) {
    if (names.has(file) || file.endsWith(".new")) continue;
    await put(ctx, JSON.parse(readFileSync(join(servedDirectory(ctx), file), "utf8")));
  }
  return images.length;
}
