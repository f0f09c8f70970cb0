/**
 * Every component, check, trial, fault and format is registered once, with an id of its own: what a file exports and no
 * table names would never run, and nobody would notice.
 */
import { faults } from "../lab/faults/table.ts";
import { capabilities } from "../lib/checkpoints/nessie/iceberg_rest/report.ts";
import { checkpoints } from "../lib/checkpoints/mod.ts";
import { dialectTrials } from "../lib/checkpoints/s3/compatibility/mod.ts";
import { components } from "../lib/components/mod.ts";
import type { Component } from "../lib/engine/model.ts";
import { doctor } from "../lib/procedures/onepassword/status/mod.ts";
import { formatNames, views } from "../lib/render/mod.ts";

/** What a module may export to be registered, by the fields that tell it apart. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  component: ["name", "title", "checks", "kinds"],
  check: ["id", "title", "explain", "judge"],
  "check or trial": ["id", "title", "explain", "run"],
  fault: ["name", "title", "story", "expect"],
};

interface Registered {
  kind: string;
  id: string;
}

/** All that is exported by these modules and must be registered, also in lists. */
export function registrables(modules: readonly Record<string, unknown>[]): Registered[] {
  const look = (value: unknown): Registered[] => {
    if (Array.isArray(value)) return value.flatMap(look);
    if (typeof value !== "object" || value === null) return [];
    const fields = new Map(Object.entries(value));
    const kind = Object.keys(KINDS).find((name) => KINDS[name]?.every((field) => fields.has(field)));
    return kind === undefined ? [] : [{ kind, id: String(fields.get("id") ?? fields.get("name")) }];
  };
  return modules.flatMap((module) => Object.values(module)).flatMap(look);
}

/** A sentence for each that no table names, and for each id that a table has twice. */
export function registrationProblems(exported: readonly Registered[], ids: readonly string[]): string[] {
  const known = new Set(ids);
  const missing = exported.filter(({ id }) => !known.has(id)).map(({ kind, id }) =>
    `${kind} ${id} is exported and not registered, so it never runs`
  );
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `${id} is registered twice`);
  return [...new Set([...missing, ...twice])];
}

/** Names of components and ids of their checks, each as often as it is registered. */
function idsOf(all: readonly Component[]): string[] {
  const checks = all.flatMap(({ kinds, checks }) => [...kinds, ...checks]);
  return [...all.map(({ name }) => name), ...checks.map(({ id }) => id)];
}

interface Module {
  name: string;
  exports: Record<string, unknown>;
}

async function modulesBelow(folder: string): Promise<Module[]> {
  const modules: Module[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`../${folder}`, import.meta.url))) {
    const path = `${folder}/${name}`;
    if (isDirectory) modules.push(...await modulesBelow(path));
    else if (name.endsWith(".ts")) {
      modules.push({ name: name.slice(0, -".ts".length), exports: await import(`../${path}`) });
    }
  }
  return modules;
}

const FOLDERS = [
  "lib/components",
  "lib/checkpoints",
  "lib/procedures/onepassword/status",
  "lab/faults/kinds",
];

/** For the gate: says what is wrong on stderr. */
export async function registered(): Promise<boolean> {
  const modules = (await Promise.all(FOLDERS.map(modulesBelow))).flat();
  // A check of health that a checkpoint or the doctor judges, too, is one check in several reports.
  const reports = [components, doctor, ...checkpoints.map(({ reported }) => reported())].map(idsOf);
  const twice = reports.flatMap((ids) => registrationProblems([], ids));
  const all = [
    ...new Set([
      ...reports.flat(),
      ...capabilities.map(({ id }) => id),
      ...dialectTrials.map(({ id }) => id),
    ]),
    ...faults.map(({ name }) => name),
  ];
  const formats = await modulesBelow("lib/render");
  const folders = [...Deno.readDirSync(new URL("../lib/checkpoints", import.meta.url))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  const problems = [
    ...unregisteredCheckpoints(folders, checkpoints.map(({ name }) => name)),
    ...twice,
    ...registrationProblems(registrables(modules.map(({ exports }) => exports)), all),
    ...unregisteredFormats(formats, [...formatNames, ...Object.keys(views)]),
  ];
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

/** Every folder of lib/checkpoints is a checkpoint. */
export function unregisteredCheckpoints(folders: readonly string[], names: readonly string[]): string[] {
  return folders.filter((folder) => !names.includes(folder))
    .map((folder) =>
      `checkpoint ${folder} is not in lib/checkpoints/mod.ts, so no page and no test knows it`
    );
}

/** A renderer has the name of its file. */
export function unregisteredFormats(
  modules: readonly Module[],
  names: readonly string[],
): string[] {
  return modules.filter(({ name, exports }) => typeof exports[name] === "function" && !names.includes(name))
    .map(({ name }) => `format ${name} is exported and not registered, so nobody can ask for it`);
}

if (import.meta.main) Deno.exit(await registered() ? 0 : 1);
