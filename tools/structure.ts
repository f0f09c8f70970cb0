/**
 * What holds for the tree of source files: no import cycle, no crowded folder, no name that its folder tells already, no
 * import past a mod.ts.
 */
import { dirname, join, normalize } from "node:path/posix";

/** Files of one folder that can be taken in at a glance. */
export const MOST_FILES = 15;

const SPECIFIER = /\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/** What is wrong with these files, by path with their texts: a sentence each, none when all is well. */
export function structureProblems(files: ReadonlyMap<string, string>): string[] {
  return [...cycles(files), ...crowded(files), ...repeated(files), ...pastModFile(files)];
}

function importsOf(path: string, text: string, files: ReadonlyMap<string, string>): string[] {
  return [...text.matchAll(SPECIFIER)].map(([, specifier = ""]) => normalize(join(dirname(path), specifier)))
    .filter((target) => files.has(target));
}

/** One cycle for each way back to a file that is being walked through; imports of types count, too. */
function cycles(files: ReadonlyMap<string, string>): string[] {
  const done = new Set<string>();
  const trail: string[] = [];
  const found: string[] = [];
  const walk = (path: string) => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push(`import cycle: ${[...trail.slice(at), path].join(" → ")}`);
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of importsOf(path, files.get(path) ?? "", files)) walk(target);
    trail.pop();
    done.add(path);
  };
  for (const path of files.keys()) walk(path);
  return found;
}

function crowded(files: ReadonlyMap<string, string>): string[] {
  const folders = Map.groupBy(files.keys(), (path) => dirname(path));
  return [...folders].filter(([, paths]) => paths.length > MOST_FILES).map(([folder, paths]) =>
    `${folder} holds ${paths.length} files; more than ${MOST_FILES} want a folder of their own`
  );
}

/** `lib/components/flux/flux_judge.ts` says twice what `lib/components/flux/judge.ts` says once. */
function repeated(files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()].filter((path) => {
    const [folder = "", name = ""] = path.split("/").slice(-2);
    return path.startsWith("lib/") && name.startsWith(`${folder}_`);
  }).map((path) => `${path} repeats the name of its folder`);
}

/** Folders whose folders are subjects of their own; every other folder belongs to the subject that it is in. */
const SUBJECT_FOLDERS = ["lib", "lib/components", "lib/clients", "lib/checkpoints", "lib/procedures"];

/** The folder of the subject that a file belongs to; undefined for a file that is in none, or outside of lib. */
function subjectOf(path: string): string | undefined {
  const folder = dirname(path);
  if (SUBJECT_FOLDERS.includes(folder) || !folder.startsWith("lib/")) return undefined;
  return SUBJECT_FOLDERS.includes(dirname(folder)) ? folder : subjectOf(folder);
}

/**
 * A subject that has a `mod.ts` is imported from outside through it, and every component has one. Tests look at what is
 * inside; what is loaded file by file, so that a command loads no more than it needs, has none.
 */
function pastModFile(files: ReadonlyMap<string, string>): string[] {
  const without = [...files.keys()].flatMap((path) => subjectOf(path) ?? []).filter((subject) =>
    dirname(subject) === "lib/components" && !files.has(`${subject}/mod.ts`)
  );
  const past = [...files].filter(([path]) => !path.startsWith("tests/")).flatMap(([path, text]) =>
    importsOf(path, text, files).flatMap((target) => {
      const subject = subjectOf(target);
      const entry = `${subject}/mod.ts`;
      return subject && subject !== subjectOf(path) && target !== entry && files.has(entry)
        ? [`${path} imports ${target}; from outside, ${subject} is imported through its mod.ts`]
        : [];
    })
  );
  return [...[...new Set(without)].map((subject) => `${subject} has no mod.ts`), ...past];
}

const FOLDERS = ["lib", "scripts", "lab", "bench", "tools", "tests"];

/** The source files of the checkout at this path, with their texts. */
export async function sourceFiles(root: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const read = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
      const path = `${folder}/${name}`;
      if (isDirectory && name !== "node_modules") await read(path);
      else if (name.endsWith(".ts")) files.set(path, await Deno.readTextFile(join(root, path)));
    }
  };
  for (const folder of FOLDERS) await read(folder);
  return files;
}

/** For the gate: says what is wrong on stderr. */
export async function structure(root = "."): Promise<boolean> {
  const problems = structureProblems(await sourceFiles(root));
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}
