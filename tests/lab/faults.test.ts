import { deepStrictEqual, match, ok, throws } from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { breakFault, faults, findFault, listing, nearNames } from "../../lab/faults/mod.ts";
import { shortWaits } from "../../lab/faults/tree.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Runs `work` on a copy of the manifests, as pushArtifact does. */
function onTree(work: (tree: string) => void): void {
  const tree = mkdtempSync(join(tmpdir(), "lakecheck-faults-"));
  try {
    for (const part of ["kubernetes", "lab/overlay"]) {
      cpSync(join(ROOT, part), join(tree, part), { recursive: true });
    }
    work(tree);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

Deno.test("names of faults are kebab-case and unique, and every fault says what it is", () => {
  deepStrictEqual(new Set(faults.map(({ name }) => name)).size, faults.length);
  for (const fault of faults) {
    match(fault.name, /^[a-z0-9]+(-[a-z0-9]+)+$/);
    for (const words of [fault.title, fault.story, fault.shows]) ok(words.length > 10, fault.name);
    ok(fault.manifests ?? fault.break, `${fault.name} breaks something`);
    ok(fault.manifests ?? fault.repair ?? fault.control, `${fault.name} can be undone`);
  }
});

Deno.test("controls are never expected to be critical, and faults never to be well", () => {
  for (const { name, control, expect } of faults) {
    if (control) ok(expect.exit < 2, name);
    else {
      ok(expect.exit >= 1, name);
      ok(expect.roots.length > 0, name);
    }
  }
});

for (const fault of faults.filter(({ manifests }) => manifests !== undefined)) {
  Deno.test(`the mistake of ${fault.name} still fits the manifests`, () => {
    onTree((tree) => {
      shortWaits(tree);
      fault.manifests?.(tree);
    });
  });
}

Deno.test("the mistakes of all faults fit on top of each other", () => {
  onTree((tree) => {
    for (const fault of faults.filter(({ name }) => name !== "flux-duplicate-key")) fault.manifests?.(tree);
    findFault("flux-duplicate-key").manifests?.(tree);
  });
});

Deno.test("an unknown fault is refused, with the names that are near", () => {
  throws(
    () => findFault("onepassword-conect-missing"),
    /There is no fault .*Did you mean onepassword-connect-missing/,
  );
  throws(() => findFault("zzz"), /There is no fault "zzz"\. deno task lab:break --list/);
  deepStrictEqual(nearNames("rgw-stoped")[0], "rgw-stopped");
});

Deno.test("the list explains every fault and marks those that are on", () => {
  const text = listing(new Set(["rgw-stopped"]));
  for (const { name } of faults) ok(text.includes(`  ${name}`), name);
  match(text, / {2}rgw-stopped {2}\(on\)/);
  ok(text.split("\n").every((line) => line.length <= 112));
});

Deno.test("without a lab, breaking says to bring one up", async () => {
  const said = await breakFault(undefined, ["rgw-stopped"]).then(() => "", (error) => `${error.message}`);
  match(said, /there is no lab of this checkout/);
});
