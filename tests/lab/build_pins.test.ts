import assert from "node:assert/strict";
import { allParts } from "../../lab/build/mod.ts";
import { copyProject, jarName } from "../../lab/build/parts/fetch.ts";
import { goDir, programName, versitygwParts, withLine } from "../../lab/build/parts/go.ts";
import {
  debianPin,
  denoPin,
  goPins,
  goToolchain,
  javaPin,
  nessieJar,
  sparkJars,
  sparkPin,
  versitygwPin,
} from "../../lab/build/pins.ts";
import { missingPackages } from "../../lab/build/prerequisites.ts";
import { s3sFsPart } from "../../lab/build/parts/rust.ts";
import { orderParts } from "../../lab/build/runner.ts";
import { isNewEnoughGo } from "../../lab/build/toolchain.ts";

Deno.test("every Go build's go.mod requires the pinned version and go.sum holds its checksum", () => {
  for (const { name, module, version } of [...goPins, versitygwPin]) {
    const mod = Deno.readTextFileSync(`${goDir}/${name}/go.mod`);
    const sum = Deno.readTextFileSync(`${goDir}/${name}/go.sum`);
    assert.ok(mod.includes(`${module} ${version}`), `${name}: go.mod does not require ${module} ${version}`);
    assert.match(sum, /^\S+ v\S+ h1:\S+=$/m, `${name}: go.sum is empty`);
    for (const replaced of mod.matchAll(/=> (\.\S*)/g)) {
      assert.match(replaced[1] ?? "", /^\.\/module(\/|$)/, `${name}: only the patched copy may be local`);
    }
  }
});

Deno.test("everything else is pinned by a whole checksum", () => {
  for (const { sha256 } of [...sparkJars, nessieJar, sparkPin, javaPin, goToolchain]) {
    assert.match(sha256, /^[0-9a-f]{64}$/);
  }
  assert.match(denoPin.integrity, /^sha512-[\w+/]{86}==$/);
  assert.deepEqual([...debianPin.packages], [...debianPin.packages].sort());
});

Deno.test("no output is made by two parts and every need exists", () => {
  const parts = orderParts([...allParts(), ...versitygwParts(), s3sFsPart()]);
  const outputs = parts.flatMap((part) => part.outputs);
  assert.equal(new Set(outputs).size, outputs.length);
});

Deno.test("programs are called as go build calls them", () => {
  assert.equal(programName("go.etcd.io/etcd/server/v3"), "server");
  assert.equal(programName("github.com/coredns/coredns"), "coredns");
});

Deno.test("the Maven project asks for exactly the pinned jars", () => {
  const text = copyProject([nessieJar], "/target");
  assert.match(
    text,
    /<artifactId>nessie-quarkus<\/artifactId><version>0.99.0<\/version><classifier>runner<\/classifier>/,
  );
  assert.equal(jarName(nessieJar), "nessie-quarkus-0.99.0-runner.jar");
});

Deno.test("an old or missing Go is told from a new one", () => {
  assert.equal(isNewEnoughGo("go version go1.26.8 linux/amd64"), true);
  assert.equal(isNewEnoughGo("go version go2.0 linux/amd64"), true);
  assert.equal(isNewEnoughGo("go version go1.19.8 linux/amd64"), false);
  assert.equal(isNewEnoughGo(""), false);
});

Deno.test("only packages whose programs are missing are asked for", () => {
  assert.deepEqual(missingPackages(() => true), []);
  assert.deepEqual(missingPackages((program) => program !== "nft"), ["nftables"]);
});

Deno.test("a line is added after the one that is named, and never by guess", () => {
  assert.equal(withLine("a\nb {\nc", "b {", "x"), "a\nb {\nx\nc");
  assert.throws(() => withLine("a\nb\n", "b {", "x"), /not exactly one line is: b \{/);
  assert.throws(() => withLine("b\nb\n", "b", "x"), /not exactly one/);
});
