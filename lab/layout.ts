/**
 * What the lab's platform is called and where it stands. The manifests are the same in every layout: one that is not
 * the usual gives other names, namespaces and ports to what they make, as other people's platforms have.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { own } from "../lib/untrusted/lookup.ts";
import { isCode, type LabContext } from "./context.ts";

type Renaming = readonly [from: RegExp, to: string];

export interface Layout {
  name: string;
  /** The platform's own namespace. */
  namespace: string;
  /** The S3 user of the lakehouse. */
  user: string;
  /** Other names for what objects of these kinds are called: `Deployment nessie`. Labels stay: charts write them. */
  objects: Readonly<Record<string, string>>;
  /** In the text of every manifest and of the charts' values. */
  renamings: readonly Renaming[];
}

/** Not as a part of a longer name, or of a path. */
const whole = (word: string) => new RegExp(`(?<![\\w/-])${word}(?![\\w/-])`, "g");

export const USUAL: Layout = {
  name: "usual",
  namespace: "data-platform",
  user: "iceberg",
  objects: {},
  renamings: [],
};

export const LAYOUTS: Readonly<Record<string, Layout>> = {
  usual: USUAL,
  "other-names": {
    name: "other-names",
    namespace: "lakehouse",
    user: "lake",
    objects: {
      "HelmRelease nessie": "catalog",
      "Cluster nessie-postgres": "catalog-db",
      "Deployment spark-client": "sql",
      "Deployment spark-history-server": "history",
      "Service spark-history-server": "history",
      "Deployment spark-operator": "jobs",
      "CephObjectStoreUser iceberg": "lake",
    },
    renamings: [
      [whole("data-platform"), "lakehouse"],
      [/(?<![\w-])nessie-postgres(?=-(?:rw|ro|r)\b|(?![\w-]))/g, "catalog-db"],
      [/(?<=releaseName: )nessie$/gm, "catalog"],
      [/(?<=http:\/\/)nessie(?=\.)/g, "catalog"],
      [/(?<![\w-])19120(?![\w-])/g, "8181"],
      [/(?<=object-user-storage-|bucketOwner: )iceberg\b/g, "lake"],
    ],
  },
};

/** Gives the layout's names to every YAML file below a directory but the templates of charts, and the order of Flux. */
export function renameTree(dir: string, layout: Layout): void {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !entry.name.endsWith(".yaml") || /\/(?:templates|flux)\//.test(path)) continue;
    const text = readFileSync(path, "utf8");
    const renamed = renamedText(text, layout);
    if (renamed !== text) writeFileSync(path, renamed);
  }
}

/** The API path of an object where this layout has it. */
export function placed(path: string, { namespace, objects }: Layout): string {
  const names = new Map(Object.entries(objects).map(([object, to]) => [object.split(" ")[1], to]));
  const parts = path.split("/");
  const last = parts.pop() ?? "";
  return [...parts.map((part) => part === USUAL.namespace ? namespace : part), names.get(last) ?? last].join(
    "/",
  );
}

/** Manifests, also those inside of patches, with the names of a layout. */
export function renamedText(text: string, { objects, renamings }: Layout): string {
  const documents = text.split(/^---$/m).map((document) => {
    let renamed = document;
    for (const [object, to] of Object.entries(objects)) {
      const [kind = "", name = ""] = object.split(" ");
      if (!new RegExp(`^ *kind: ${kind}$`, "m").test(document)) continue;
      // A manifest's own name stands two deep; in a patch it is written in one line.
      renamed = renamed.replace(
        new RegExp(`^(  name: |.*metadata: \\{name: )${name}(?=$|\\})`, "m"),
        `$1${to}`,
      );
    }
    return renamed;
  });
  return renamings.reduce((so, [from, to]) => so.replace(from, to), documents.join("---"));
}

const file = (ctx: LabContext) => join(ctx.dir, "layout");

/** The layout of this lab; the usual one when nothing was noted. */
export function layoutOf(ctx: LabContext): Layout {
  try {
    return own(LAYOUTS, readFileSync(file(ctx), "utf8").trim()) ?? USUAL;
  } catch (error) {
    if (isCode(error, "ENOENT")) return USUAL;
    throw error;
  }
}

/** Notes the layout in the lab's state, whose directory must exist. */
export function noteLayout(ctx: LabContext, { name }: Layout): void {
  writeFileSync(file(ctx), `${name}\n`);
}
