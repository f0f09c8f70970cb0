/** Every reader of a file that a user names, given what is no such file. */
import assert from "node:assert/strict";
import { readCaFile } from "../../lib/checkpoint/ca_file.ts";
import { readState } from "../../lib/checkpoints/nessie/integrity/state.ts";
import { findTarget, readMaterial } from "../../lib/clients/kubernetes/kubeconfig_files.ts";
import { logIn } from "../../lib/clients/kubernetes/login.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import { MOST_BYTES, sizeText } from "../../lib/disk/read_limited.ts";
import { UsageError } from "../../lib/engine/errors.ts";
import { loadBaseline } from "../../lib/load/baseline.ts";
import { readManifests } from "../../lib/procedures/onepassword/install/manifests.ts";
import { take } from "../../lib/procedures/onepassword/sources.ts";
import { toy, withDirectory } from "../cli/run.ts";
import { typist } from "../fakes/terminal.ts";

const io = { env: () => undefined, terminal: typist([]) };
const subject = { of: "s3.performance", store: "http://s3", way: "direct", method: 1, cells: [] };
const around = (kubeconfig: string) => ({
  env: (name: string) => name === "KUBECONFIG" ? kubeconfig : undefined,
  cwd: () => "/",
  serviceAccount: "/nonexistent",
});
const user = (tokenFile: string) => ({
  context: "c",
  clusterName: "c",
  userName: "u",
  server: "https://s",
  cluster: { insecure: false },
  user: { tokenFile, basic: false, impersonate: [] },
});

/** Manifests of which one file is what `path` leads to. */
async function manifests(path: string, name: string): Promise<unknown> {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-manifests-" });
  try {
    await Deno.mkdir(`${directory}/onepassword-connect`);
    await Deno.writeTextFile(
      `${directory}/onepassword-connect/kustomization.yaml`,
      "resources: [deployment.yaml]",
    );
    await Deno.remove(`${directory}/onepassword-connect/${name}`).catch(() => {});
    await Deno.symlink(path, `${directory}/onepassword-connect/${name}`);
    return await readManifests(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

interface Reader {
  read(path: string): Promise<unknown>;
  limit: string;
  /** A pipe that a program writes a secret into is read. */
  pipes?: true;
  /** The message names a link that leads to the file. */
  linked?: true;
}

const READERS: Record<string, Reader> = {
  "--facts": { read: (path) => loadFacts(path), limit: "128 MiB" },
  "--kubeconfig": { read: (kubeconfig) => findTarget({ kubeconfig }), limit: "8 MiB" },
  "KUBECONFIG": { read: (path) => findTarget({}, around(`/nonexistent/x:${path}`)), limit: "8 MiB" },
  "a certificate or key of a kubeconfig": {
    read: (file) => readMaterial({ file }, "the CA of cluster c"),
    limit: "1 MiB",
  },
  "tokenFile of a kubeconfig": { read: (path) => logIn(user(path)), limit: "1 MiB" },
  "--ca": { read: (path) => readCaFile("--ca", path), limit: "1 MiB" },
  "--baseline": { read: (path) => loadBaseline(path, subject), limit: "4 MiB" },
  "--resume": { read: (path) => readState(path), limit: "64 MiB" },
  "kustomization.yaml of --manifests": {
    read: (path) => manifests(path, "kustomization.yaml"),
    limit: "2 MiB",
    linked: true,
  },
  "a manifest of --manifests": {
    read: (path) => manifests(path, "deployment.yaml"),
    limit: "2 MiB",
    linked: true,
  },
  "--credentials": { read: (path) => take("credentials", path, io), limit: "1 MiB", pipes: true },
  "--token": { read: (path) => take("token", path, io), limit: "1 MiB", pipes: true },
};

async function refusal(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.then(() => "it was accepted", (error) => error);
  assert.ok(error instanceof UsageError, `${error}`);
  return error.message;
}

for (const [name, { read, limit, pipes, linked }] of Object.entries(READERS)) {
  Deno.test(`${name}: a directory, a pipe, a device or 2 GB end in one sentence and what to do next`, () =>
    withDirectory(async (directory) => {
      const [pipe, huge] = [`${directory}/pipe`, `${directory}/huge`];
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      await Deno.writeTextFile(huge, "");
      await Deno.truncate(huge, 2 * 1024 ** 3);
      const cases: [string, string][] = [
        [directory, "it is a directory"],
        ["/dev/zero", "it is a device, and only a regular file is read here"],
        [huge, `it is larger than ${limit}, and no more is read`],
        ...pipes ? [] : [[pipe, "it is a pipe, and only a regular file is read here"] as [string, string]],
      ];
      for (const [path, why] of cases) {
        const message = await refusal(read(path));
        assert.ok(linked || message.includes(path), message);
        assert.ok(message.includes(why), message);
        assert.match(message, /\. Next: [a-z-]/);
        assert.doesNotMatch(message, /\n/);
      }
    }));
}

Deno.test("a command ends with status 3 and one line, and prints no report", () =>
  withDirectory(async (directory) => {
    await new Deno.Command("mkfifo", { args: [`${directory}/pipe`] }).output();
    for (const flag of ["--kubeconfig", "--facts"]) {
      const { code, stdout, stderr } = await toy([flag, `${directory}/pipe`]);
      assert.deepEqual([code, stdout], [3, ""]);
      assert.match(
        stderr,
        /^[^\n]*\/pipe[^\n]*: it is a pipe, and only a regular file is read here\. Next: .*\n$/,
      );
    }
  }));

const ROWS: Record<keyof typeof MOST_BYTES, string> = {
  facts: "a facts file, packed and unpacked",
  kubeconfig: "a kubeconfig",
  secret: "a certificate, key, token or credentials file, `--ca`, stdin",
  declaration: "a declaration of the platform",
  baseline: "a baseline",
  times: "how long parts of a phase took last time",
  walk: "the file of `--resume`",
  manifest: "a manifest of `--manifests`",
  manifests: "all manifests that a kustomization lists",
};

Deno.test("docs/limits.md tells how much is read of each kind of file", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/limits.md", import.meta.url));
  const told = new Map(
    text.split("\n").map((line) => line.split("|").map((cell) => cell.trim())).map((
      [, what, limit],
    ) => [what, limit]),
  );
  for (const [kind, row] of Object.entries(ROWS)) {
    const limit = told.get(row)?.split(",")[0];
    assert.equal(limit, sizeText(MOST_BYTES[kind as keyof typeof MOST_BYTES]), row);
  }
});
