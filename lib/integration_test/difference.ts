/** The difference of two texts, as `diff -u` shows it. Pure. */

interface Edit {
  kind: " " | "-" | "+";
  line: string;
}

const AROUND = 3;

/** Lines of the difference, without a file header; none when the texts are the same. */
export function difference(before: string, after: string): string[] {
  const edits = editsOf(before.split("\n"), after.split("\n"));
  const near = edits.map((_, at) =>
    edits.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ kind }) => kind !== " ")
  );
  const out: string[] = [];
  let [old, now] = [1, 1];
  edits.forEach(({ kind, line }, at) => {
    if (near[at]) {
      if (!near[at - 1]) out.push(`@@ -${old} +${now} @@`);
      out.push(`${kind}${line}`);
    }
    if (kind !== "+") old++;
    if (kind !== "-") now++;
  });
  return out;
}

/** By the longest common subsequence of what lies between the common beginning and the common end. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from++;
  let end = 0;
  while (
    end < before.length - from && end < after.length - from && before.at(-1 - end) === after.at(-1 - end)
  ) end++;
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ kind: " ", line }));
  return [
    ...same(before.slice(0, from)),
    ...middle(before.slice(from, before.length - end), after.slice(from, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Edit[] {
  const wide = after.length + 1;
  const common = new Uint32Array((before.length + 1) * wide);
  const at = (i: number, j: number) => common[i * wide + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * wide + j] = before[i] === after[j]
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    if (old !== undefined && old === now) {
      edits.push({ kind: " ", line: old });
      i++;
      j++;
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push({ kind: "-", line: old });
      i++;
    } else if (now !== undefined) {
      edits.push({ kind: "+", line: now });
      j++;
    }
  }
  return edits;
}
