/**
 * Keeps tests from failing because a machine is slow: a limit is either one that has to be reached, and then small, or
 * one that must not be, and then PATIENT_MS; and no test asserts that something took less than so many milliseconds.
 */

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);

/** Limits up to this one are there to be reached. */
const SMALL_MS = 500;
/** Limits from this one on are not. */
const PATIENT_MS = 60_000;

/** Whether the rule applies to this file; on the lab, promises about time are what is tested. */
export function isPatient(file: string): boolean {
  const path = file.replaceAll("\\", "/");
  const inside = path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\/+/, "");
  return /^tests\/(?!lab_(?:live|layouts)\/)/.test(inside);
}

/** Whether a limit of so many milliseconds is neither small nor patient: a slow machine reaches it by itself. */
export function isHasty(limitMs: number): boolean {
  return limitMs > SMALL_MS && limitMs < PATIENT_MS;
}

/** `performance.now() - started` */
function isElapsed(node: Deno.lint.Node): boolean {
  if (node.type !== "BinaryExpression" || node.operator !== "-") return false;
  const { left } = node;
  return left.type === "CallExpression" && left.callee.type === "MemberExpression" &&
    left.callee.property.type === "Identifier" && left.callee.property.name === "now";
}

/** See the head of this file. */
export const patientTests: Deno.lint.Rule = {
  create(context) {
    // Where time is the test's own, it passes as the test says.
    if (!isPatient(context.filename) || /fakes\/time\.ts"/.test(context.sourceCode.text)) return {};
    return {
      Property(node) {
        const { key, value } = node;
        if (key.type !== "Identifier" || !/timeoutMs$/i.test(key.name)) return;
        // Not its value: that of 5_000 is not a number here.
        const limitMs = value.type === "Literal" ? Number(value.raw.replaceAll("_", "")) : NaN;
        if (!isHasty(limitMs)) return;
        context.report({
          node,
          message: `a slow machine reaches ${limitMs} ms by itself`,
          hint: "Use PATIENT_MS of tests/patience.ts, or withinLimits where the limit has to be reached.",
        });
      },
      BinaryExpression(node) {
        const { left, right, operator } = node;
        const upper = operator.startsWith("<") ? left : operator.startsWith(">") ? right : undefined;
        if (!upper || !isElapsed(upper)) return;
        context.report({
          node,
          message: "how long something takes depends on the machine",
          hint:
            "Await what has to happen, measure with computedMs, or use inFakeTime of tests/fakes/time.ts.",
        });
      },
    };
  },
};
