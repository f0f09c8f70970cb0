/** Directories of partitions: `day=2026-11-21/region=pl/FILE`, one level for each field of the partition spec. */
import { parseExact } from "../../../iceberg/exact_json.ts";
import { list, obj, part, str } from "../../../engine/decode.ts";

const SPECS = obj({ "partition-specs": list(obj({ fields: list(obj({ name: str, transform: str })) })) });

/**
 * The names of the partition fields of every spec that a table has had, of its metadata as text. Files of earlier
 * specs stay where they are.
 */
export function partitionNames(metadata: string): string[][] {
  const specs = part(SPECS, parseExact(metadata), "")?.["partition-specs"] ?? [];
  return specs.map(({ fields = [] }) =>
    fields.filter(({ transform }) => transform !== "void").flatMap(({ name }) => name ?? [])
  );
}

/** Why a file lies in no directory of these partitions; `path` begins below the data directory. */
export function oddPartition(path: string, specs: readonly (readonly string[])[]): string | undefined {
  const directories = path.split("/").slice(0, -1);
  const names = directories.map((one) => decoded(one.split("=")[0] ?? ""));
  const fits = (spec: readonly string[]) =>
    spec.length === names.length && spec.every((name, at) => name === names[at]) &&
    directories.every((one) => one.includes("="));
  if (specs.length === 0 ? names.length === 0 : specs.some(fits)) return undefined;
  const wanted = specs.map((spec) => spec.map((name) => `${name}=`).join("/") || "no directory").join(
    ", or ",
  );
  return `it lies in ${directories.join("/") || "no directory"}, and its partition has ${
    wanted || "no directory"
  }`;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
