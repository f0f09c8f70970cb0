import assert from "node:assert/strict";
import process from "node:process";
import { analyse } from "scslre";
import { type Attack, attacksOn, textOf } from "./attack_strings.ts";
import { everyExpression, type Expression } from "./all.ts";

/** UTF-16 units of a short text, of one four times as long, and of the worst that is promised. */
const SHORT = 8 * 1024;
const LONG = 4 * SHORT;
const WORST = 1024 * 1024;

/** Milliseconds of this process, the least of so many times: a machine that does much else changes little of it. */
function costMs(regex: RegExp, text: string, times: number): number {
  const costs: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = process.cpuUsage();
    text.replace(regex, "");
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1000);
  }
  return Math.min(...costs);
}

interface Tried {
  attack: Attack;
  ms: number;
  /** For four times the text it took much more than four times as long. */
  grows: boolean;
}

function tryAttack(regex: RegExp, attack: Attack): Tried {
  // What doubles with every sign is seen here, and would not end below.
  const tiny = costMs(regex, attack.head + attack.pump.repeat(24) + attack.tail, 1);
  if (tiny > 100) return { attack, ms: tiny, grows: true };
  const text = textOf(attack, SHORT);
  const first = costMs(regex, text, 1);
  const ms = first < 0.5 ? first : Math.min(first, costMs(regex, text, 1));
  if (ms < 0.5) return { attack, ms, grows: false };
  const long = textOf(attack, LONG);
  const isMore = (longer: number) => longer > 8 && longer > 8 * ms;
  const longer = costMs(regex, long, 1);
  // What took long once for another reason does not take as long again.
  return { attack, ms, grows: isMore(longer) && (longer > 200 || isMore(costMs(regex, long, 2))) };
}

/** Why an expression is not linear; undefined when nothing shows it. */
export function objection({ source, flags }: Expression): string | undefined {
  const { reports } = analyse({ source, flags });
  const [report] = reports;
  if (report) return `a repeated sign is searched again and again (${report.type})`;
  const regex = new RegExp(source, flags);
  let worst: Tried | undefined;
  for (const attack of attacksOn(source, flags)) {
    const tried = tryAttack(regex, attack);
    if (tried.grows) {
      return `${JSON.stringify(attack)} takes it ${tried.ms} ms at ${SHORT} units, and grows faster`;
    }
    if (!worst || tried.ms > worst.ms) worst = tried;
  }
  const ms = worst && costMs(regex, textOf(worst.attack, WORST), 1);
  return ms && ms > 1000 ? `${JSON.stringify(worst?.attack)} takes it ${ms} ms at ${WORST} units` : undefined;
}

Deno.test("every expression takes at most a second for a megabyte of its worst text", () => {
  const slow = everyExpression().flatMap((one) => {
    const why = objection(one);
    return why ? [`${one.where}: ${why}`] : [];
  });
  assert.deepEqual(slow, []);
});

Deno.test("an expression that searches again from every place is found", () => {
  for (
    const regex of [
      /\s+$/,
      /\/+$/,
      /\s*[\r\n]+\s*/g,
      /^(a+)+$/,
      /<Contents>[\s\S]*?<Key>/,
      /"(?:[^"\\]|\\.)*"/gs,
      /\b401\b.*unauthorized/i,
      /x:\/\/[^\s@]*@/,
      /: \w+ '.*'$/,
      /(\d+)(ms|s)/g,
    ]
  ) {
    const { source, flags } = regex;
    assert.ok(objection({ where: "", source, flags }), String(regex));
  }
});

Deno.test("an expression that goes through a text once is not", () => {
  for (const regex of [/^\/+/, /[^/]+/g, /^\s*\{/, /\b403\b/, /"[^"]*"|$/g, /(?<!\d)\d+(?!\d)/g]) {
    const { source, flags } = regex;
    assert.equal(objection({ where: "", source, flags }), undefined, String(regex));
  }
});
