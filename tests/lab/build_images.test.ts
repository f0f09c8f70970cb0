import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { images } from "../../lab/build/images.ts";
import { writeImage, writeLayer } from "../../lab/build/oci.ts";
import { imageDir, parentDirectories } from "../../lab/build/parts/images.ts";
import { tarChunks, type TarEntry, tarHeader } from "../../lab/build/tar.ts";

const hello: TarEntry = {
  path: "etc/hello",
  mode: 0o640,
  uid: 26,
  gid: 10_001,
  content: { kind: "bytes", bytes: new TextEncoder().encode("hello\n") },
};

async function archive(entries: TarEntry[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tarChunks(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listed(entries: TarEntry[], ...flags: string[]): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".tar" });
  try {
    await Deno.writeFile(path, await archive(entries));
    const { stdout, stderr } = await new Deno.Command("tar", {
      args: [...flags, "--numeric-owner", "-f", path],
      env: { TZ: "UTC", LC_ALL: "C" },
    }).output();
    return new TextDecoder().decode(Buffer.concat([stdout, stderr]));
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("tar reads back the mode, owner, size and content that were written", async () => {
  const text = await listed([{ path: "etc/", mode: 0o755, content: { kind: "directory" } }, hello], "-tv");
  assert.match(
    text,
    /drwxr-xr-x 0\/0 +0 2020-01-01 00:00 etc\/\n-rw-r----- 26\/10001 +6 2020-01-01 00:00 etc\/hello\n/,
  );
  assert.equal(await listed([hello], "-xO"), "hello\n");
});

Deno.test("tar reads back names and link targets longer than a header holds", async () => {
  const path = `${"directory/".repeat(15)}name`;
  const target = `../${"elsewhere/".repeat(15)}name`;
  assert.equal(await listed([{ ...hello, path }], "-t"), `${path}\n`);
  const link: TarEntry = { path, mode: 0o777, content: { kind: "link", target } };
  assert.ok((await listed([link], "-tv")).includes(`${path} -> ${target}`));
});

Deno.test("a header is one block and the same for the same entry", () => {
  assert.equal(tarHeader(hello).length, 512);
  assert.deepEqual(tarHeader(hello), tarHeader({ ...hello }));
});

Deno.test("an image's manifest, configuration and layer are found under their digests", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const layer = await writeLayer(`${directory}/layer.tar`, [hello]);
    const digest = writeImage(`${directory}/image`, "example.org/a:1", [layer], {
      entrypoint: ["/a"],
      user: "26",
    });
    const read = (id: string) =>
      JSON.parse(Deno.readTextFileSync(`${directory}/image/blobs/sha256/${id.slice(7)}`));
    const manifest = read(digest);
    assert.equal(manifest.layers[0].digest, layer.digest);
    assert.equal(manifest.layers[0].mediaType, "application/vnd.oci.image.layer.v1.tar");
    const config = read(manifest.config.digest);
    assert.deepEqual(config.rootfs.diff_ids, [layer.digest]);
    assert.deepEqual(config.config, { Entrypoint: ["/a"], User: "26" });
    const blob = Deno.statSync(`${directory}/image/blobs/sha256/${layer.digest.slice(7)}`);
    assert.equal(blob.size, layer.size);
    assert.equal(blob.nlink, 2, "the layer is linked, not copied");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a file in a layer has its directories before it", () => {
  assert.deepEqual(parentDirectories("usr/local/bin/deno"), ["usr/", "usr/local/", "usr/local/bin/"]);
  assert.deepEqual(parentDirectories("manager"), []);
});

Deno.test("every image has a registry, a tag and a directory of its own", () => {
  for (const { name } of images) assert.match(name, /^[a-z0-9.-]+\.[a-z]+\/[a-z0-9/-]+:[\w.-]+$/);
  assert.equal(new Set(images.map(({ name }) => imageDir(name))).size, images.length);
});
