/**
 * References, tables and namespaces of a catalog are deleted only where a run of ours made them: one file makes an
 * OwnReference, one makes clients that drop things in such a reference, and nobody sends a DELETE beside them.
 */

const MAKER = "lib/checkpoints/nessie/scratch/own_reference.ts";
const OPENER = "lib/checkpoints/nessie/setup/mod.ts";
const CLIENTS = "lib/clients/";

const HINT =
  "Take what makeBranch and makeTag give, or ownReference() for a name of this run or of one that is over.";

/** Whether a part of a type stands in a cast: `as THIS`, `as readonly THIS[]`, `<THIS>`. */
function isCast(node: Deno.lint.TSTypeReference): boolean {
  let at: { type: string; parent?: unknown } | undefined = node.parent;
  while (at?.type.startsWith("TS")) {
    if (at.type === "TSAsExpression" || at.type === "TSTypeAssertion") return true;
    at = at.parent as typeof at;
  }
  return false;
}

/** Casts to OwnReference, unrestricted clients of Iceberg REST, and DELETEs of one's own are rejected. */
export const nessieOwnReference: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    const [room] = /(?:^|\/)(?:lib|scripts)\//.exec(path) ?? [];
    if (room === undefined) return {};
    const report = (node: Deno.lint.Node, message: string) => context.report({ node, message, hint: HINT });
    return {
      TSTypeReference(node) {
        const { typeName } = node;
        const name = typeName.type === "TSQualifiedName" ? typeName.right : typeName;
        if (name.type !== "Identifier" || name.name !== "OwnReference" || path.endsWith(MAKER)) return;
        if (isCast(node)) report(node, "only own_reference.ts says which reference may be deleted");
      },
      ImportSpecifier(node) {
        const name = node.imported.type === "Identifier" ? node.imported.name : node.imported.value;
        if (name !== "icebergRest" || path.endsWith(OPENER) || path.includes(`/${CLIENTS}`)) return;
        report(node, "a client that may drop tables is opened for a scratch branch only, by setup.ts");
      },
      Property(node) {
        const key = node.key.type === "Identifier" ? node.key.name : undefined;
        const value = node.value.type === "Literal" ? node.value.value : undefined;
        if (key !== "method" || value !== "DELETE" || !path.includes("/lib/checkpoints/nessie/")) return;
        report(node, "a catalog is asked to delete by NessieApi.remove and ownIceberg only");
      },
    };
  },
};
