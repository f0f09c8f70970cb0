/** The names of the parts and which flags each takes: what the help needs, and costs nothing to import. */
import type { FlagTable, Given } from "../../cli/flags.ts";
import { UsageError } from "../../engine/errors.ts";
import { nearest } from "../../untrusted/edit_distance.ts";
import { own } from "../../untrusted/lookup.ts";

/** In the order in which they are run; the flags of its own command that each takes here, too. */
export const PART_FLAGS = {
  s3: ["endpoint", "credentials", "region", "performance-time"],
  nessie: ["url", "sample", "restart", "yes-restart"],
  iceberg: ["url", "engine", "duckdb-extensions"],
} as const;

export type PartName = keyof typeof PART_FLAGS;

export const partNames = Object.keys(PART_FLAGS) as PartName[];

/** Long enough to measure each operation some times. */
const PERFORMANCE_TIME = "20s";

/** These flags of the parts' own commands. */
export function partFlags(tables: Readonly<Record<PartName, FlagTable>>): FlagTable {
  const flags = partNames.flatMap((part) =>
    PART_FLAGS[part].flatMap((name) => {
      const flag = own(tables[part], name);
      return flag ? [[name, flag] as const] : [];
    })
  );
  return Object.fromEntries(
    flags.map(([name, flag]) => [
      name,
      name === "performance-time" ? { ...flag, fallback: PERFORMANCE_TIME } : flag,
    ]),
  );
}

/** What this part is given of what was asked for. */
export function givenTo(part: PartName, given: Given, more: Readonly<Record<string, string>> = {}): Given {
  const others = partNames.filter((name) => name !== part).flatMap((name) => [...PART_FLAGS[name]])
    .filter((flag) => !PART_FLAGS[part].some((one) => one === flag));
  const fallback: [string, string][] = part === "s3" ? [["performance-time", PERFORMANCE_TIME]] : [];
  return new Map([
    ...fallback,
    ...[...given].filter(([flag]) => !others.some((one) => one === flag)),
    ...Object.entries(more),
  ]);
}

/** Why a part is not run, by its name: `--skip`. UsageError. */
export function leftOut(given: Given): Map<PartName, string> {
  const [only, skip] = [namesIn(given, "only"), namesIn(given, "skip")];
  if (only && skip) throw new UsageError("--only and --skip both say which parts are run. Keep one of them.");
  if ((only || skip) && given.has("facts")) {
    throw new UsageError(
      `--${only ? "only" : "skip"} says which parts are run, and of --facts none is. Leave one of them out.`,
    );
  }
  const out = partNames.filter((name) => only ? !only.has(name) : skip?.has(name));
  if (out.length === partNames.length) {
    throw new UsageError(
      `--skip leaves out every part, so there is nothing to run. Keep one of ${partNames.join(", ")}.`,
    );
  }
  const idle = out.flatMap((part) => PART_FLAGS[part].map((flag) => ({ part, flag }))).find((
    { part, flag },
  ) =>
    given.has(flag) && !partNames.some((name) => name !== part && !out.includes(name) && takes(name, flag))
  );
  const by = only ? "only" : "skip";
  if (idle) {
    throw new UsageError(
      `--${idle.flag} is for the part ${idle.part}, which --${by} leaves out. Leave one of them out.`,
    );
  }
  return new Map(out.map((name) => [name, `--${by} ${given.get(by)}`]));
}

const takes = (part: PartName, flag: string): boolean => PART_FLAGS[part].some((one) => one === flag);

function namesIn(given: Given, flag: string): Set<PartName> | undefined {
  const text = given.get(flag);
  if (text === undefined) return undefined;
  return new Set(
    text.split(",").map((word) => {
      const name = partNames.find((one) => one === word.trim());
      if (name) return name;
      const near = nearest(word.trim(), partNames);
      throw new UsageError(
        `--${flag} is ${JSON.stringify(word.trim().slice(0, 64))}, and must be one of ${
          partNames.join(", ")
        }, or some of them with commas.` +
          (near ? ` Did you mean ${near}?` : ""),
      );
    }),
  );
}
