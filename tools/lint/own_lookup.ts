/** Tables are not asked by text for what every object inherits: `table["constructor"]` is a function. */

/** Members that hold what came from outside, by any name. */
const FROM_OUTSIDE = new Set([
  "annotations",
  "answers",
  "data",
  "errors",
  "labels",
  "matchLabels",
  "properties",
  "selector",
  "whenMissing",
]);

/** `Record<string, T>`, also as Readonly or Partial of it or beside undefined. */
function isTable(type: Deno.lint.Node | undefined): boolean {
  if (type?.type === "TSUnionType") return type.types.some(isTable);
  if (type?.type !== "TSTypeReference" || type.typeName.type !== "Identifier") return false;
  const [first] = type.typeArguments?.params ?? [];
  if (type.typeName.name === "Readonly" || type.typeName.name === "Partial") return isTable(first);
  return type.typeName.name === "Record" && first?.type === "TSStringKeyword";
}

function isNumber(node: Deno.lint.Node): boolean {
  return node.type === "Literal" && typeof node.value === "number";
}

/** A name or a number that the code itself says, or a place in a list. */
function isOurs(key: Deno.lint.Node): boolean {
  switch (key.type) {
    case "Literal":
    case "UpdateExpression":
      return true;
    case "Identifier":
      return /^[A-Z][A-Z0-9_]*$/.test(key.name);
    case "BinaryExpression":
      return key.operator !== "+" || isNumber(key.left) || isNumber(key.right);
    default:
      return false;
  }
}

/** The last name of `a.b?.c`, or of what `a.b.c()` calls. */
function lastName(node: Deno.lint.Node): string | undefined {
  if (node.type === "ChainExpression") return lastName(node.expression);
  if (node.type === "CallExpression") return lastName(node.callee);
  if (node.type !== "MemberExpression" || node.computed) return undefined;
  return node.property.type === "Identifier" ? node.property.name : undefined;
}

const HINT = "Use own(table, name) of lib/untrusted/lookup.ts, or a Map.";

/** A look-up in a `Record<string, …>` by a name that is not written down is rejected, and `name in table`. */
export const ownLookup: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    if (!/(?:^|\/)(?:lib|scripts)\//.test(path) || path.endsWith("/lib/untrusted/lookup.ts")) return {};
    const tables = new Set<string>();
    const looked: { node: Deno.lint.Node; table: string }[] = [];
    const report = (node: Deno.lint.Node) =>
      context.report({
        node,
        message: "a look-up by text finds what every object inherits, such as constructor",
        hint: HINT,
      });
    return {
      Identifier(node) {
        if (isTable(node.typeAnnotation?.typeAnnotation)) tables.add(node.name);
      },
      MemberExpression(node) {
        const { object, property, parent } = node;
        if (!node.computed || isOurs(property)) return;
        const written = parent.type === "AssignmentExpression" && parent.left === node &&
          parent.operator === "=";
        if (written) return;
        if (object.type === "Identifier") looked.push({ node, table: object.name });
        else if (object.type === "TSAsExpression" && isTable(object.typeAnnotation)) report(node);
        else if (FROM_OUTSIDE.has(lastName(object) ?? "")) report(node);
      },
      BinaryExpression(node) {
        if (node.operator === "in" && !isOurs(node.left)) report(node);
      },
      "Program:exit"() {
        for (const { node, table } of looked) if (tables.has(table)) report(node);
      },
    };
  },
};
