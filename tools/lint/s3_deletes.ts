/**
 * What lies in an object store is deleted by lib/checkpoints/s3/scratch/delete.ts and by nothing else: it deletes in places of
 * our own alone, whatever it is given. And that a bucket of an earlier run is ours is proven by the sweep alone.
 */

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);
/** Where it is done, and where the type of a request that deletes is declared. */
const HELPER = "lib/checkpoints/s3/scratch/delete.ts";
const DECLARES = new Set([HELPER, "lib/clients/s3/raw.ts", "lib/clients/s3/client.ts"]);
/** Those that sweep, and the file that makes places. */
const PROVES = /^lib\/checkpoints\/s3\/scratch\/(?:own_place|sweep)\.ts$/;
/** A catalog's references, of which its own client sees to it that they are ours. */
const CATALOG = "lib/clients/nessie/client.ts";

/**
 * Commands that delete settings and no data, of a bucket of our own (a trial of policies, of CORS) or of an object below
 * the scratch prefix (tags): trials try them as they are.
 */
const SETTINGS = new Set([
  "DeleteBucketCorsCommand",
  "DeleteBucketPolicyCommand",
  "DeleteObjectTaggingCommand",
]);
/** Methods of the SDK's aggregated client. */
const METHODS = new Set(["deleteObject", "deleteObjects", "deleteBucket", "abortMultipartUpload"]);
const BYPASS = /^(?:BypassGovernanceRetention|x-amz-bypass-governance-retention)$/i;

/** Why this name, or text, may not stand in this file; undefined when it may. */
export function objectionTo(name: string, path: string): string | undefined {
  if (path !== HELPER && /^(?:Delete|Abort)\w*Command$/.test(name) && !SETTINGS.has(name)) {
    return `${name} deletes from an object store`;
  }
  if (path !== HELPER && BYPASS.test(name)) return "a lock of objects is broken in buckets of our own alone";
  if (name === "RawDelete" && !DECLARES.has(path)) return "only rawDelete makes a raw request that deletes";
  if (name === "provenBucket" && !PROVES.test(path)) return "only the sweep proves that a bucket is ours";
  return undefined;
}

/** The text of a string that is written down; undefined for anything else. */
function textOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.quasis.length === 1) return node.quasis[0]?.cooked;
  return undefined;
}

const HINT =
  "Give a place (own_place.ts) to deleteOne, deleteMany, abortUpload, rawDelete or empty of delete.ts.";

export const s3Deletes: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/").replace(ROOT, "");
    if (!/^(?:lib|scripts)\//.test(path)) return {};
    const report = (node: Deno.lint.Node, message: string) => context.report({ node, message, hint: HINT });
    const look = (node: Deno.lint.Node, name: string | undefined) => {
      const message = name === undefined ? undefined : objectionTo(name, path);
      if (message) report(node, message);
    };
    return {
      Identifier: (node) => look(node, node.name),
      Literal: (node) => look(node, textOf(node)),
      TemplateLiteral: (node) => look(node, textOf(node)),
      MemberExpression(node) {
        const { property, computed } = node;
        const name = property.type === "Identifier" && !computed ? property.name : textOf(property);
        if (name !== undefined && METHODS.has(name)) report(node, `${name} deletes from an object store`);
        if (
          computed && name === undefined && /["'`](?:Delete|Abort)/.test(context.sourceCode.getText(property))
        ) {
          report(node, "a command that deletes has a name that is put together");
        }
      },
      Property(node) {
        const name = node.key.type === "Identifier" ? node.key.name : textOf(node.key);
        if (name !== "method" || path === CATALOG || path === HELPER) return;
        const value = node.value.type === "TSAsExpression" ? node.value.expression : node.value;
        if (/^delete$/i.test(textOf(value) ?? "")) report(node, "a request of this file deletes");
      },
    };
  },
};
