import assert from "node:assert/strict";
import { createProgress, failureLines, type ProgressStream } from "../../lab/progress.ts";

const ESC = "\x1b";

function recorder(isTerminal: boolean): ProgressStream & { text: string } {
  const stream = {
    isTerminal,
    text: "",
    columns: () => 40,
    write: (text: string) => void (stream.text += text),
  };
  return stream;
}

Deno.test("progress prints plain lines with each part's own seconds where there is no terminal", () => {
  const stream = recorder(false);
  let clock = 0;
  const progress = createProgress(stream, () => clock);
  progress.start("etcd");
  clock = 12_340;
  progress.start("crane");
  progress.done("etcd", "built");
  clock = 13_000;
  progress.done("crane", "built");
  progress.skip("kubelet");
  progress.close();
  assert.equal(stream.text, "  12.3s  etcd built\n   0.7s  crane built\n      -  kubelet already there\n");
});

Deno.test("progress redraws the running parts below the finished ones on a terminal", () => {
  const stream = recorder(true);
  let clock = 0;
  const progress = createProgress(stream, () => clock);
  progress.start("etcd");
  clock = 2_000;
  progress.start("a part with a name much longer than the terminal is wide");
  progress.done("etcd", "built");
  progress.close();
  assert.ok(stream.text.includes(`${ESC}[2A${ESC}[J   2.0s  etcd built\n`));
  const widest = Math.max(
    ...stream.text.split("\n").map((line) =>
      line.split(ESC).map((text) => text.replace(/^\[\d*[AJ]/, "")).join("").length
    ),
  );
  assert.ok(widest < 40, `a line of ${widest} characters would wrap and break the redraw`);
  assert.ok(stream.text.endsWith("\x1b[1A\x1b[J"), "closing erases the live view");
});

Deno.test("a failure says which part, why, its last lines, the whole log and what to do next", () => {
  const lines = failureLines("felix", 3_000, {
    why: "go build exited with 1",
    lastLines: ["no required module"],
    log: "/c/felix.log",
    next: "run again",
  });
  assert.deepEqual(lines, [
    "   3.0s  felix failed: go build exited with 1",
    "         | no required module",
    "         Whole log: /c/felix.log",
    "         Next: run again",
  ]);
});
