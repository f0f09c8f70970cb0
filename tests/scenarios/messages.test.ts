/** Every message that a recorded report shows is a plain sentence in the words of docs/glossary.md. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { components } from "../../lib/components/mod.ts";
import type { Report } from "../../lib/engine/report.ts";

const HERE = new URL(".", import.meta.url).pathname;
const recorded = readdirSync(HERE).filter((name) => existsSync(join(HERE, name, "report.json")));

const messages = new Set(recorded.flatMap((name) => {
  const report: Report = JSON.parse(readFileSync(join(HERE, name, "report.json"), "utf8"));
  return [
    ...report.issues,
    ...report.details.components.flatMap(({ checks }) => checks.map(({ message }) => message)),
  ];
}));
/** What others said comes behind the first colon. */
const ours = [...messages].map((message) => message.split(/: /)[0] ?? "");
const explanations = components.flatMap(({ kinds, checks }) =>
  [...kinds, ...checks].map(({ explain }) => explain)
);
const screens = recorded.map((name) => readFileSync(join(HERE, name, "plain.txt"), "utf8"));

const UNUSED =
  /\b(?:(?:is|are|get|gets|not) well|unwell|on its way|leads? to nobody|leads? nowhere|taken back|came to nothing|not reached|could not look|nobody answers|\d of 1 pods)\b|read from simulated/i;
/** Letters that are read out: an HTTP, an S3, a UUID. */
const WRONG_ARTICLE =
  /(?<![-\w])[Aa] (?!one\b|us|uni|U[A-Z])[aeiouAEIO]|(?<![-\w])[Aa]n (?!HTTP|S3|RGW|SDK|SSE|NFS|hour)[^aeiouAEIO"'`\d]/;

function none(texts: Iterable<string>, wrong: (text: string) => boolean): void {
  assert.deepEqual([...texts].filter(wrong), []);
}

Deno.test("a message begins with a capital letter, a number or a quoted name, and does not end in a colon", () => {
  assert.ok(messages.size > 100);
  none(messages, (text) => !/^["`A-Z\d]/.test(text) || text.trimEnd().endsWith(":"));
});

Deno.test("no message, explanation or screen has a word that the glossary does not use", () => {
  none([...messages, ...explanations], (text) => UNUSED.test(text));
  none(screens.flatMap((screen) => screen.split("\n")), (line) => UNUSED.test(line));
});

Deno.test("a message says 1 pod and not 1 pods", () => {
  none(ours, (text) => /\b1 (?!times\b)[a-z]+[^s\W]s\b/.test(text) || /\b0 of \d+ pods are\b/.test(text));
});

Deno.test("a message and an explanation have the right article: an OCIRepository, a Pod", () => {
  none([...ours, ...explanations], (text) => WRONG_ARTICLE.test(text));
});
