/** The search for secrets that a command may have left behind: it must be able to find one. */
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writtenSince } from "../lab_live/written.ts";

const CANARY = "canary-of-a-secret";

/** A directory with files by path, the search's view of which holds the canary. */
function found(
  files: Record<string, string>,
  prepare: (root: string) => void = () => {},
  since = 0,
): string[] {
  const root = mkdtempSync(join(tmpdir(), "lakecheck-written-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    prepare(root);
    return [...writtenSince([root], since)].filter(([, text]) => text.includes(CANARY))
      .map(([path]) => path.slice(root.length + 1)).toSorted();
  } finally {
    rmSync(root, { recursive: true });
  }
}

const CHECKOUT = { "clone/deno.json": "{}", "clone/lab/main.ts": "" };

Deno.test("a secret that was left behind is found, however deep, hidden, and beside a lab's state", () => {
  const files = {
    ...CHECKOUT,
    "a": CANARY,
    "deep/er/.hidden/b.tmp": `x${CANARY}y`,
    "clone/.lab.json": CANARY,
    "clone/tests/.lab/c": CANARY,
    "innocent": "nothing",
  };
  assert.deepEqual(found(files), ["a", "clone/.lab.json", "clone/tests/.lab/c", "deep/er/.hidden/b.tmp"]);
});

Deno.test("the state of a lab is not searched in any checkout, and a directory that is only called so is", () => {
  const pod = ".lab/kubelet/pods/1/volumes/kubernetes.io~secret/token/token";
  assert.deepEqual(found({ ...CHECKOUT, [`clone/${pod}`]: CANARY }), []);
  assert.deepEqual(found({ [`other/${pod}`]: CANARY }), [`other/${pod}`]);
  assert.deepEqual(found({ "half/deno.json": "{}", [`half/${pod}`]: CANARY }), [`half/${pod}`]);
});

Deno.test("a file of before is not looked at, and one of the very moment is", () => {
  const at = (seconds: number) => (root: string) => utimesSync(join(root, "a"), seconds, seconds);
  assert.deepEqual(found({ a: CANARY }, at(1000), 1_000_000), ["a"]);
  assert.deepEqual(found({ a: CANARY }, at(999), 1_000_000), []);
});

Deno.test("links are not followed, not in a circle, and not to nowhere", () => {
  const links = (root: string) => {
    symlinkSync(root, join(root, "circle"));
    symlinkSync("/no/such", join(root, "nowhere"));
    symlinkSync(join(root, "a"), join(root, "again"));
  };
  assert.deepEqual(found({ a: CANARY }, links), ["a"]);
});

Deno.test("what vanishes while it is searched is left out, and the rest is searched", () => {
  const root = mkdtempSync(join(tmpdir(), "lakecheck-written-"));
  try {
    for (const name of ["a-gone-directory/x", "b-gone-file", "c-gone-before-its-date", "d"]) {
      mkdirSync(join(root, name, ".."), { recursive: true });
      writeFileSync(join(root, name), CANARY);
    }
    const gone = (path: string) => Object.assign(new Error(`${path} is gone`), { code: "ENOENT" });
    const paths = [...writtenSince([root, `${root}/never-there`], 0, {
      entries(directory) {
        if (directory.endsWith("a-gone-directory")) throw gone(directory);
        return readdirSync(directory, { withFileTypes: true });
      },
      stat: (path) => path.includes("before") ? undefined : statSync(path),
      read(path) {
        if (path.endsWith("b-gone-file")) throw gone(path);
        return readFileSync(path, "utf8");
      },
    })].map(([path]) => path);
    assert.deepEqual(paths, [join(root, "d")]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

Deno.test("a place that can't be searched for another reason is no success", () => {
  const denied = () => {
    throw Object.assign(new Error("denied"), { code: "EACCES" });
  };
  const disk = { entries: denied, stat: denied, read: denied };
  assert.throws(() => [...writtenSince(["/tmp"], 0, disk)], /denied/);
});
