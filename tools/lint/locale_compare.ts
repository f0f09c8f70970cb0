/**
 * Texts are not ordered by a locale: the order would be another on another machine, and the first comparison loads the
 * collation tables, which takes 25 ms of a health run.
 */
export const localeCompare: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/");
    if (!/(?:^|\/)(?:lib|scripts)\//.test(path)) return {};
    const report = (node: Deno.lint.Node, name: string) =>
      context.report({
        node,
        message: `${name} orders by the machine's locale, and loads its tables`,
        hint: "Compare with < and >; for times there is newestFirst of lib/components/common/.",
      });
    return {
      MemberExpression({ object, property }) {
        if (property.type !== "Identifier") return;
        if (property.name === "localeCompare") report(property, "localeCompare");
        const isIntl = object.type === "Identifier" && object.name === "Intl";
        if (isIntl && property.name === "Collator") report(property, "Intl.Collator");
      },
    };
  },
};
