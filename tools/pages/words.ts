/** The part of docs/checks.md that tells what is said of every word that an operator writes. */
import type { Component, WordTable } from "../../lib/engine/model.ts";

export function wordsText(all: readonly Component[]): string {
  const tables = all.flatMap(({ kinds }) =>
    kinds.flatMap(({ source, words = [] }) => words.map((table) => tableText(source.kind, table)))
  );
  return [
    "",
    "## What is said of each word",
    "",
    "A word that is not here is not understood, and an object whose state is told with it is never `ok`.",
    "",
    ...tables,
  ].join("\n");
}

function tableText(kind: string, { field, source, words }: WordTable): string {
  return [
    `### ${kind}: \`${field}\``,
    "",
    `Source: <${source}>`,
    "",
    "| word | what is said |",
    "|---|---|",
    ...words.map(([word, verdict]) => `| ${word} | ${verdict} |`),
    "",
  ].join("\n");
}
