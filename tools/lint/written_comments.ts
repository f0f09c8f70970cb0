/**
 * Comments in files that other programs read are made by `comment` of lib/untrusted/quoting.ts and by nothing else: what is said
 * in one may hold a line break, and what follows that is live.
 */

/** Where comments are made. */
const MAKERS = new Set(["lib/untrusted/quoting.ts", "lib/untrusted/shell.ts"]);
const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);

/** Whether a value that comes after this text would stand in a comment. */
export function inComment(text: string): boolean {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  return /^\s*(?:#|-- |<!--)/.test(line) && !line.includes("-->");
}

export const writtenComments: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/").replace(ROOT, "");
    if (MAKERS.has(path) || !path.startsWith("lib/")) return {};
    return {
      TemplateLiteral(node) {
        if (node.parent.type === "TaggedTemplateExpression") return;
        let text = "";
        for (const { cooked, raw } of node.quasis.slice(0, -1)) {
          text += cooked ?? raw;
          if (inComment(text)) {
            context.report({
              node,
              message: "a value stands in a comment that nothing keeps to one line",
              hint: 'Write comment("#", text) (lib/untrusted/quoting.ts).',
            });
            return;
          }
          text += "x";
        }
      },
    };
  },
};
