/**
 * What somebody else said is cut by lib/redact/ and nowhere else, for there secrets are taken out first: of a secret that
 * was cut in two, no search for the whole finds the half that stays.
 */

/** Where texts from outside are read. */
const ROOMS = /(?:^|\/)lib\/(?:clients|components|procedures)\//;
/** The one file outside of lib/redact/ that makes messages of our own words. */
const OWN_WORDS = /(?:^|\/)lib\/(?:clients\/network_errors|cli\/terminal)\.ts$/;
const CUTS = new Set(["slice", "substring", "substr"]);
/** Names of what others say. */
const SAID =
  /^(?:text|message|body|said|words|why|reason|error|stderr|stdout|output|log|logs|line|answer|response|stack|detail)$/i;
const HINT = "Give it to quote or excerpt of lib/redact/mod.ts, with the secrets that it may repeat.";

function memberName({ property }: Deno.lint.MemberExpression): string | undefined {
  if (property.type === "Identifier") return property.name;
  return property.type === "Literal" ? String(property.value) : undefined;
}

/** Whether this is what somebody else said: by its last name, through calls such as `.text()` and `.trim()`. */
function isSaid(node: Deno.lint.Node): boolean {
  switch (node.type) {
    case "Identifier":
      return SAID.test(node.name);
    case "MemberExpression":
      return SAID.test(memberName(node) ?? "") || isSaid(node.object);
    case "CallExpression":
      return isSaid(node.callee) || node.arguments.length === 1 && isText(node);
    case "ChainExpression":
      return isSaid(node.expression);
    case "TSNonNullExpression":
    case "TSAsExpression":
      return isSaid(node.expression);
    case "AwaitExpression":
      return isSaid(node.argument);
    case "LogicalExpression":
      return isSaid(node.left) || isSaid(node.right);
    default:
      return false;
  }
}

/** `String(error)`, `decoder.decode(bytes)`. */
function isText({ callee, arguments: [only] }: Deno.lint.CallExpression): boolean {
  if (callee.type === "Identifier") return callee.name === "String" && only !== undefined && isSaid(only);
  return callee.type === "MemberExpression" && memberName(callee) === "decode";
}

/** From the begin on: `slice(0, 9)`, `substring(0, 9)`. */
function isHead([first]: readonly Deno.lint.Node[]): boolean {
  return first?.type === "Literal" && first.value === 0;
}

export const cutAfterRedact: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    if (!/(?:^|\/)lib\//.test(path) || /(?:^|\/)lib\/redact\//.test(path)) return {};
    return {
      CallExpression(node) {
        const callee = node.callee.type === "ChainExpression" ? node.callee.expression : node.callee;
        if (!ROOMS.test(path) || callee.type !== "MemberExpression" || !CUTS.has(memberName(callee) ?? "")) {
          return;
        }
        if (!isHead(node.arguments) || !isSaid(callee.object)) return;
        context.report({
          node,
          message: "what others say is cut before secrets are taken out of it",
          hint: HINT,
        });
      },
      ImportSpecifier(node) {
        const name = node.imported.type === "Identifier" ? node.imported.name : "";
        if (name !== "oneLine" || OWN_WORDS.test(path)) return;
        context.report({
          node,
          message: "oneLine is for our own words, and takes no secrets out",
          hint: HINT,
        });
      },
    };
  },
};
