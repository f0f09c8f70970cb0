import assert from "node:assert/strict";
import { beginsCommand, misplaced } from "../../../tools/lint/shell_commands.ts";
import plugin from "../../../tools/lint_plugin.ts";

/** How often the rule complains of a file with this text. */
function complaints(path: string, text: string): number {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).filter(({ id }) => id === "lakecheck/shell-commands").length;
}

const VALUE = "declare const x: string; declare const y: string;\n";

Deno.test("a command with a value that nothing quotes is refused, however it is put together", () => {
  const bad = [
    "void `kubectl -n ${x} get pods`;",
    "void `Next: kubectl describe pod ${x}`;",
    "void `. Next: look (op item get ${x})`;",
    'void ("kubectl get pod " + x);',
    'void ("Next: " + "aws s3 ls s3://" + x + "/");',
    "void (`To see them: ` + `deno task 1p:status --print-external-secret ${x}`);",
    "void `curl -X DELETE '${x}'`;",
    "void `kubectl get pods ${`-n ${x}`}`;",
    "void `radosgw-admin bucket stats --bucket=${x}`;",
    "void [`flux get all ${x}`];",
    "void `kubectl config set-cluster a --server=http://a.b:80 --x ${x}`;",
  ];
  for (const path of ["lib/engine/check.ts", "lib/clients/kubernetes/client.ts", "scripts/x.ts"]) {
    for (const text of bad) assert.equal(complaints(path, VALUE + text), 1, `${path}: ${text}`);
  }
});

Deno.test("a cast to the type of a command is refused everywhere but where commands are made", () => {
  const casts = [
    'void ("x" as ShellCommand);',
    'void ["x"].map((one) => one as unknown as ShellCommand);',
    "void (<ShellCommand[]> JSON.parse(x));",
    "void (JSON.parse(x) as { next: ShellCommand[] });",
  ];
  for (const text of casts) {
    assert.equal(complaints("lib/checkpoint/trial.ts", VALUE + text), 1, text);
    assert.equal(complaints("lib/untrusted/shell.ts", VALUE + text), 0, text);
  }
});

Deno.test("a value inside quotes of a command, and substitutions around values, are refused", () => {
  const bad = [
    "void command`curl '${x}'`;",
    'void command`op item get "${x}"`;',
    "void command`kubectl get pod $(cat ${x})`;",
    "void command`kubectl get pod \\`cat ${x}\\``;",
    "void command`kubectl get pod \\\\${x}`;",
  ];
  for (const text of bad) assert.equal(complaints("lib/engine/check.ts", VALUE + text), 1, text);
});

Deno.test("made commands, commands without values, and other texts are fine", () => {
  const good = [
    "void command`kubectl -n ${x} get pod ${y} -o jsonpath='{.status}'`;",
    "void `Next: ${command`kubectl -n ${x} get pods`}, then ${y}`;",
    "void `${x} runs. Next: kubectl get pods -A`;",
    'void ("Next: kubectl get pods -A. It says " + x);',
    "void `look at it (kubectl get -o yaml), then ${x}`;",
    'void ("Next: kubectl get pods" + ", then others");',
  ];
  for (const text of good) assert.equal(complaints("lib/engine/check.ts", VALUE + text), 0, text);
  assert.equal(complaints("tools/x.ts", VALUE + "void `kubectl get ${x}`;"), 0);
  assert.equal(complaints("lab/x.ts", VALUE + "void `kubectl get ${x}`;"), 0);
});

Deno.test("where a command begins and ends in a sentence", () => {
  for (const text of ["kubectl get ", "Next: aws s3 ls s3://", "(op item get ", "x; curl http://a.b/"]) {
    assert.ok(beginsCommand(text), text);
  }
  for (
    const text of ["kubectl get pods. ", "(kubectl get svc) ", "kubectl get a; ", "mykubectl get ", "kubectl"]
  ) {
    assert.ok(!beginsCommand(text), text);
  }
  assert.equal(misplaced("kubectl get -o jsonpath='{.x}' "), undefined);
  assert.match(misplaced("kubectl get -o jsonpath='{.x} ") ?? "", /inside quotes/);
});
