/**
 * No code knows what an object is called on one platform: names are found (lib/components/kubernetes/roles.ts). Those of
 * this project's own manifests stand in lib/platform alone, as the last of all signs.
 */
import { ALL_ROLES, componentOfRole, usualParts } from "../../lib/platform/mod.ts";

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);
/** Where usual names are written down. */
const ALLOWED = /^lib\/platform\/(?:usual_parts|roles)\.ts$/;
/** What their own projects call them wherever they are installed, and ours. */
const INSTALLED = new Set([
  ...["cnpg-system", "external-secrets", "flux-system", "rook-ceph", "lakecheck"],
  ...usualParts("").flatMap(({ kind, namespace, name }) => kind === "Deployment" && namespace ? [name] : []),
]);

interface Written {
  names: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
}

/** The names and the kinds of the objects in kubernetes/, and of the usual parts. */
function written(): Written {
  const texts = yamlIn(`${ROOT}kubernetes`);
  const all = (pattern: RegExp) =>
    texts.flatMap((text) => [...text.matchAll(pattern)].map(([, it = ""]) => it));
  const parts = usualParts("");
  const names = [...all(/^ {2}(?:name|namespace): ([a-z0-9-]+)$/gm), ...parts.map(({ name }) => name)];
  return {
    names: new Set(names.filter((name) => !INSTALLED.has(name))),
    kinds: new Set([...all(/^kind: (\w+)$/gm), ...parts.map(({ kind }) => kind)]),
  };
}

function yamlIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return yamlIn(path);
    return name.endsWith(".yaml") ? [Deno.readTextFileSync(path)] : [];
  });
}

const { names: NAMES, kinds: KINDS } = written();

/** Words that are also a role, a component, or what a project calls its own: names only where an object is named. */
const WORDS = new Set<string>(
  ALL_ROLES.flatMap(([role, { names }]) => [role, componentOfRole(role), ...names]),
);

const either = (all: Iterable<string>) => [...all].toSorted((a, b) => b.length - a.length).join("|");
const DISTINCT = either([...NAMES].filter((name) => name.includes("-") && !WORDS.has(name)));
/** `data-platform:health` is a task, `spark-defaults.conf` a file. */
const ANYWHERE = new RegExp(`(?<![\\w.-])(?:${DISTINCT})(?![\\w-]|:[a-z]|\\.conf)`);
/** `Service nessie`, `deploy/nessie`, `/deployments/nessie`. */
const NAMED = new RegExp(
  `\\b(?:${either(KINDS)}|deploy)s?[ /](?:[\\w-]+/)?(?:${either(NAMES)})(?![\\w-])`,
  "i",
);

const HINT =
  "Take the object that is found: filling, partsOf. Usual names stand in lib/platform/usual_parts.ts.";

/** What is written in a text that names an object of one platform; undefined when nothing is. */
export function nameIn(text: string): string | undefined {
  return (ANYWHERE.exec(text) ?? NAMED.exec(text))?.[0];
}

const textOf = (node: Deno.lint.Node | null | undefined): string | undefined =>
  node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined;

/** Functions that take an object by its name. */
const BY_NAME = new Set(["get", "podsOf", "podsIn", "endpointsOf"]);

export const writtenNames: Deno.lint.Rule = {
  create(context) {
    const path = context.filename.replaceAll("\\", "/").replace(ROOT, "");
    if (!/^(?:lib|scripts)\//.test(path) || ALLOWED.test(path)) return {};
    const report = (node: Deno.lint.Node, name: string) =>
      context.report({ node, message: `${name} is what one platform calls it`, hint: HINT });
    const look = (node: Deno.lint.Node, text: string) => {
      const name = nameIn(text);
      if (name !== undefined) report(node, name);
    };
    const lookAtName = (node: Deno.lint.Node | null | undefined) => {
      const text = textOf(node);
      if (node && text !== undefined && NAMES.has(text) && nameIn(text) === undefined) report(node, text);
    };
    return {
      Literal: (node) => look(node, textOf(node) ?? ""),
      TemplateElement: (node) => look(node, node.cooked),
      ObjectExpression({ properties }) {
        const values = new Map(
          properties.flatMap((one) =>
            one.type === "Property" && one.key.type === "Identifier" ? [[one.key.name, one.value]] : []
          ),
        );
        if (!KINDS.has(textOf(values.get("kind")) ?? "")) return;
        for (const key of ["name", "namespace"]) lookAtName(values.get(key));
      },
      VariableDeclarator({ init, parent }) {
        const isConstant = parent.type === "VariableDeclaration" && parent.parent.type === "Program";
        if (isConstant && !WORDS.has(textOf(init) ?? "")) lookAtName(init);
      },
      CallExpression({ callee, arguments: given }) {
        const called = callee.type === "MemberExpression" ? callee.property : callee;
        if (called.type === "Identifier" && BY_NAME.has(called.name)) given.forEach(lookAtName);
      },
    };
  },
};
