/**
 * Commands that people paste are made by the tag `command` of lib/untrusted/shell.ts and by nothing else, so that no value in one
 * goes unquoted.
 */

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);
/** Where the type of a made command is given. */
const MAKER = "lib/untrusted/shell.ts";

/** A command that is begun in a text and has not ended there: what follows it belongs to it. */
const BEGUN =
  /(?:^|[\s(`'":;])(?:kubectl|flux|helm|op|aws|radosgw-admin|curl|openssl|systemctl|deno task) (?:[^.;:)`]|[.:](?=\S))*$/;

/** Whether a value that comes after this text would be a part of a command. */
export function beginsCommand(text: string): boolean {
  return BEGUN.test(text);
}

/** Why no value may come after this text of a `command`; undefined when one may. */
export function misplaced(before: string): string | undefined {
  if (/[`\\]|\$\(/.test(before)) {
    return "text of a command with values substitutes nothing and escapes nothing";
  }
  const bare = before.replace(/'[^']*'/g, "").replace(/"[^"]*"/g, "");
  return /['"]/.test(bare) ? "a value stands inside quotes, where its own quotes would end them" : undefined;
}

/** The texts before each value of a template, whole from its beginning. */
function before(quasis: readonly Deno.lint.TemplateElement[]): string[] {
  let text = "";
  return quasis.slice(0, -1).map(({ raw }) => text += raw);
}

/** What is put together by `+`, from left to right: texts, and undefined for what is no text. */
function pieces(node: Deno.lint.Node): (string | undefined)[] {
  if (node.type === "BinaryExpression" && node.operator === "+") {
    return [...pieces(node.left), ...pieces(node.right)];
  }
  if (node.type === "Literal" && typeof node.value === "string") return [node.value];
  if (node.type === "TemplateLiteral") {
    return node.quasis.flatMap(({ raw }, i) => i === 0 ? [raw] : [undefined, raw]);
  }
  return [undefined];
}

const HINT = "Write command`...` (lib/untrusted/shell.ts): it quotes every value.";

export const shellCommands: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/").replace(ROOT, "");
    if (path === MAKER || !/^(?:lib|scripts)\//.test(path)) return {};
    const report = (node: Deno.lint.Node, message: string) => context.report({ node, message, hint: HINT });
    const unquoted = (node: Deno.lint.Node) => {
      let text = "";
      for (const piece of pieces(node)) {
        if (piece === undefined && beginsCommand(text)) {
          return report(node, "a command is put together with a value that nothing quotes");
        }
        // A value may hold anything, also the end of what was begun.
        text = piece === undefined ? `${text} ` : text + piece;
      }
    };
    const cast = (node: Deno.lint.TSAsExpression | Deno.lint.TSTypeAssertion) => {
      if (/\bShellCommand\b/.test(context.sourceCode.getText(node.typeAnnotation))) {
        report(node, "nothing is called a ShellCommand that `command` has not made");
      }
    };
    return {
      TSAsExpression: cast,
      TSTypeAssertion: cast,
      TemplateLiteral(node) {
        if (node.parent.type !== "TaggedTemplateExpression" && node.parent.type !== "BinaryExpression") {
          unquoted(node);
        }
      },
      BinaryExpression(node) {
        const { parent } = node;
        if (node.operator === "+" && !(parent.type === "BinaryExpression" && parent.operator === "+")) {
          unquoted(node);
        }
      },
      TaggedTemplateExpression({ tag, quasi }) {
        if (tag.type !== "Identifier" || tag.name !== "command") return;
        for (const text of before(quasi.quasis)) {
          const why = misplaced(text);
          if (why) report(quasi, why);
        }
      },
    };
  },
};
