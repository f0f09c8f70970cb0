/** Parts that fetch Go modules and build programs from them, with exactly what lab/go/NAME/go.sum names. */
import { join } from "node:path";
import { moveInto } from "../files.ts";
import { type GoPin, goPins, versitygwPin } from "../pins.ts";
import { goProgram } from "../toolchain.ts";
import type { Part, PartContext, RunOptions } from "../runner.ts";

const MINUTE = 60_000;

/** Where the module pins lie: `lab/go`. */
export const goDir = new URL("../../go/", import.meta.url).pathname;

/** The environment that keeps Go inside the cache and away from C compilers and other tool chains. */
export function goEnv(cacheDir: string): Record<string, string> {
  return {
    GOMODCACHE: join(cacheDir, "go/mod"),
    GOCACHE: join(cacheDir, "go/build"),
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    CGO_ENABLED: "0",
    // Compilers live for a second: collecting their garbage costs a fifth of the processor time and saves nothing.
    GOGC: "off",
    GOMEMLIMIT: "1500MiB",
  };
}

function pinInputs(name: string, more: readonly string[] = []): string[] {
  return ["go.mod", "go.sum", ...more].map((file) => Deno.readTextFileSync(join(goDir, name, file)));
}

function sourceInputs(pin: GoPin): string[] {
  const patches = Object.keys(pin.patched?.files ?? {}).map((file) => join("patch", file));
  return [...pinInputs(pin.name, patches), JSON.stringify(pin.patched ?? null)];
}

/** Downloads a module, makes sure that it has the pinned sum, and copies it. */
async function copyModule(
  context: PartContext,
  { module, version, h1 }: { module: string; version: string; h1: string },
  to: string,
): Promise<void> {
  const printed = await context.capture(
    [goProgram(context.cacheDir), "mod", "download", "-json", `${module}@${version}`],
    { env: goEnv(context.cacheDir) },
  );
  const { Sum } = JSON.parse(printed) as { Sum?: string };
  if (Sum !== h1) throw new Error(`${module} ${version} has the sum ${Sum}, but ${h1} is pinned`);
  const source = join(context.cacheDir, moduleDir(module, version));
  await context.run(["cp", "-r", "--no-preserve=mode", "--no-target-directory", source, to]);
}

/** Pure: `text` with a line more, after the only line that is `after`. */
export function withLine(text: string, after: string, line: string): string {
  const lines = text.split("\n");
  const at = lines.indexOf(after);
  if (at < 0 || at !== lines.lastIndexOf(after)) throw new Error(`not exactly one line is: ${after}`);
  return lines.toSpliced(at + 1, 0, line).join("\n");
}

/** The directory to build in: the pins' own, or one with a patched copy of the module beside the pins. */
async function prepare(context: PartContext, pin: GoPin): Promise<RunOptions> {
  const pins = join(goDir, pin.name);
  const env = goEnv(context.cacheDir);
  if (pin.patched === undefined) return { cwd: pins, env };
  const { h1, inner = {}, files, lines = [] } = pin.patched;
  const cwd = join(context.workDir, "patched");
  const module = join(cwd, "module");
  Deno.mkdirSync(cwd);
  await copyModule(context, { module: pin.module, version: pin.version, h1 }, module);
  for (const [directory, one] of Object.entries(inner)) {
    await copyModule(context, one, join(module, directory));
  }
  for (const file of ["go.mod", "go.sum"]) Deno.copyFileSync(join(pins, file), join(cwd, file));
  for (const [file, target] of Object.entries(files)) {
    Deno.copyFileSync(join(pins, "patch", file), join(module, target));
  }
  for (const { file, after, line } of lines) {
    const path = join(module, file);
    Deno.writeTextFileSync(path, withLine(Deno.readTextFileSync(path), after, line));
  }
  return { cwd, env };
}

/** The name that `go build` gives a package's program: the last element that is not a major version. */
export function programName(packagePath: string): string {
  return packagePath.split("/").findLast((element) => !/^v\d+$/.test(element)) ?? packagePath;
}

/** The part that downloads what one build needs. */
function fetchPart(pin: GoPin): Part {
  return {
    name: `${pin.name} sources`,
    kind: "fetch",
    needs: [],
    inputs: sourceInputs(pin),
    outputs: [],
    intermediate: true,
    timeoutMs: 15 * MINUTE,
    run: async (context) => {
      // Lists what the programs import, which downloads just these modules and checks each with go.sum.
      await context.capture(
        [goProgram(context.cacheDir), "list", "-deps", ...Object.values(pin.programs)],
        await prepare(context, pin),
      );
      return pin.version;
    },
  };
}

function goOptions(context: PartContext, name: string) {
  return { cwd: join(goDir, name), env: goEnv(context.cacheDir) };
}

function buildPart(pin: GoPin): Part {
  const flags = ["-s", "-w", ...(pin.variables ?? []).map((variable) => `-X ${variable}`)].join(" ");
  return {
    name: pin.name,
    kind: "build",
    needs: [`${pin.name} sources`],
    inputs: [flags, JSON.stringify(pin.programs)],
    outputs: Object.keys(pin.programs),
    timeoutMs: 60 * MINUTE,
    run: async (context) => {
      await context.run(
        [
          "go",
          "build",
          "-trimpath",
          "-ldflags",
          flags,
          "-o",
          `${context.workDir}/`,
          ...Object.values(pin.programs),
        ],
        await prepare(context, pin),
      );
      for (const [output, packagePath] of Object.entries(pin.programs)) {
        moveInto(join(context.workDir, programName(packagePath)), join(context.cacheDir, output));
      }
      return `built, ${pin.version}`;
    },
  };
}

/** The program that holds a pod's namespaces: the only Go source of our own. */
function pausePart(): Part {
  return {
    name: "pause",
    kind: "build",
    needs: [],
    inputs: [...pinInputs("pause"), Deno.readTextFileSync(join(goDir, "pause/main.go"))],
    outputs: ["bin/pause"],
    timeoutMs: 5 * MINUTE,
    run: async (context) => {
      const output = join(context.workDir, "pause");
      await context.run(
        [goProgram(context.cacheDir), "build", "-trimpath", "-ldflags", "-s -w", "-o", output, "."],
        goOptions(context, "pause"),
      );
      moveInto(output, join(context.cacheDir, "bin/pause"));
      return "built";
    },
  };
}

/** Where Go unpacks a module, below the cache. Only for paths without capital letters. */
export function moduleDir(module: string, version: string): string {
  return join("go/mod", `${module}@${version}`);
}

/** All Go parts: sources and programs. */
export function goParts(): Part[] {
  return [...goPins.flatMap((pin) => [fetchPart(pin), buildPart(pin)]), pausePart()];
}

/** Where the second S3 store lies below the cache. */
export const VERSITYGW = "bin/versitygw";

/** The second S3 store. The lab does not run it; tests build it when they need it. */
export function versitygwParts(): Part[] {
  return [fetchPart(versitygwPin), buildPart(versitygwPin)];
}
