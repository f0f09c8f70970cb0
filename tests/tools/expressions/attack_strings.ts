/** Texts that are the worst for a regular expression with a quadratic or exponential search, made from its syntax. */
import { type AST, RegExpParser, visitRegExpAST } from "@eslint-community/regexpp";

/** A text of any length: `head`, then `pump` again and again, then `tail`. */
export interface Attack {
  head: string;
  pump: string;
  tail: string;
}

/** At least `length` UTF-16 units of it, but for the head and the tail. */
export function textOf({ head, pump, tail }: Attack, length: number): string {
  return head + pump.repeat(Math.ceil(length / pump.length)) + tail;
}

/** Signs that every expression is tried with; those that stand in it come first. */
const SIGNS = [" ", "\n", "\t", "a", "A", "0", "/", ".", "-", ":", "\\", '"', "\0"];

type Random = () => number;

/** Always the same numbers from 0 to 1, so that a failure is seen again. */
function randomOf(seed: number): Random {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

function one<T>(from: readonly T[], random: Random): T | undefined {
  return from[Math.floor(random() * from.length)];
}

/** Attacks on an expression: what an endless part of it takes, or the beginning of what it looks for, repeated. */
export function attacksOn(source: string, flags: string): Attack[] {
  const { pattern } = new RegExpParser().parseLiteral(`/${source}/${flags}`);
  const random = randomOf(source.length);
  const signs = new Set<string>();
  const endless: AST.Quantifier[] = [];
  visitRegExpAST(pattern, {
    onCharacterEnter: ({ value }) => void signs.add(String.fromCodePoint(value)),
    onQuantifierEnter: (node) => void (node.max > 1 && endless.push(node)),
  });
  for (const sign of SIGNS) signs.add(sign);
  // Without such a part, a match is short wherever it begins.
  const most = endless.length > 0 ? 140 : 20;
  const write = writer([...signs], flags, random);
  const pumps = new Set<string>(signs);
  const heads = new Set<string>([""]);
  const tails = ["", "\0", "\n", "\\", ...signs];
  // What stands before a part without end, and with it: how far a search gets from each place of a repetition.
  for (const { elements } of pattern.alternatives) {
    for (let end = 0; end <= elements.length; end++) {
      if (!isEndless(elements[end]) && !isEndless(elements[end - 1])) continue;
      const begun = elements.slice(0, end).map(write).join("");
      heads.add(begun);
      pumps.add(begun).add(`${begun} `);
    }
  }
  for (let turn = 0; turn < 8; turn++) {
    const whole = write(pattern.alternatives);
    pumps.add(whole).add(whole.slice(0, Math.ceil(random() * whole.length)));
    for (const { element } of endless) {
      const word = write(element);
      pumps.add(word).add(word + write(element)).add(word + (one([...signs], random) ?? ""));
    }
  }
  pumps.delete("");
  // Every pump once as it is, then in company.
  const attacks = [...pumps].slice(0, 0.7 * most).map((pump): Attack => ({ head: "", pump, tail: "\0" }));
  while (attacks.length < most) {
    const [head = "", pump = "", tail = ""] = [
      one([...heads], random),
      one([...pumps], random),
      one(tails, random),
    ];
    attacks.push({ head, pump, tail });
  }
  return attacks;
}

function isEndless(element: AST.Element | undefined): boolean {
  return element !== undefined && /[*+{]/.test(element.raw);
}

type Node = AST.Element | AST.Pattern | AST.Alternative | readonly AST.Alternative[];

/** Writes texts that a part of an expression takes; what it looks for ahead or behind is left out. */
function writer(signs: string[], flags: string, random: Random): (node: Node) => string {
  const known = new Map<string, string[]>();
  const fitting = (raw: string): string[] => {
    const before = known.get(raw);
    if (before) return before;
    const fits = new RegExp(`^(?:${raw})$`, flags.replace(/[gy]/g, ""));
    const fit = signs.filter((sign) => fits.test(sign));
    for (let code = 33; fit.length < 3 && code < 0x3000; code++) {
      if (fits.test(String.fromCharCode(code))) fit.push(String.fromCharCode(code));
    }
    known.set(raw, fit);
    return fit;
  };
  const write = (node: Node): string => {
    if (isAlternatives(node)) return write(one(node, random) ?? []);
    switch (node.type) {
      case "Alternative":
        return node.elements.map(write).join("");
      case "Group":
      case "CapturingGroup":
        return write(node.alternatives);
      case "Quantifier": {
        const times = Math.min(node.max, node.min + Math.floor(random() * 3));
        return Array.from({ length: times }, () => write(node.element)).join("");
      }
      case "Character":
        return String.fromCodePoint(node.value);
      case "CharacterSet":
      case "CharacterClass":
      case "ExpressionCharacterClass":
        return one(fitting(node.raw), random) ?? "";
      default:
        return "";
    }
  };
  return write;
}

function isAlternatives(node: Node): node is readonly AST.Alternative[] {
  return Array.isArray(node);
}
