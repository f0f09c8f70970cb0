/** A function fits on a screen. Tests are free: a test may tell a long story, and a fake hold a whole service. */

export const MOST_LINES = 70;

export const shortFunctions: Deno.lint.Rule = {
  create(context) {
    if (/(?:^|\/)tests\//.test(context.filename.replaceAll("\\", "/"))) return {};
    const look = (node: Deno.lint.Node) => {
      const lines = context.sourceCode.getText(node).split("\n").length;
      if (lines <= MOST_LINES) return;
      context.report({
        node,
        message: `a function of ${lines} lines; ${MOST_LINES} fit on a screen`,
        hint: "Give a part of it a name and a function of its own.",
      });
    };
    return { FunctionDeclaration: look, FunctionExpression: look, ArrowFunctionExpression: look };
  },
};
