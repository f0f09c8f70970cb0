/** A part that builds a program of crates.io, with exactly the dependencies that its own Cargo.lock names. */
import { join } from "node:path";
import { moveInto } from "../files.ts";
import { s3sFsPin } from "../pins.ts";
import type { Part } from "../runner.ts";

/** Where the program lies below the cache. */
export const S3S_FS = "bin/s3s-fs";

/**
 * An S3 store over a directory which lacks what many stores lack: versions, lists of uploads, policies of buckets. The
 * lab does not run it; tests build it when they need it.
 */
export function s3sFsPart(): Part {
  return {
    name: "s3s-fs",
    kind: "build",
    needs: [],
    inputs: [JSON.stringify(s3sFsPin)],
    outputs: [S3S_FS],
    timeoutMs: 30 * 60_000,
    run: async (context) => {
      const { crate, version, features } = s3sFsPin;
      const env = {
        CARGO_HOME: join(context.cacheDir, "cargo"),
        CARGO_TARGET_DIR: join(context.workDir, "target"),
      };
      await context.run([
        ...["cargo", "install", crate, "--version", `=${version}`, "--locked", "--features", features],
        ...["--no-track", "--root", context.workDir],
      ], { env });
      moveInto(join(context.workDir, "bin", crate), join(context.cacheDir, S3S_FS));
      return `built, ${version} of crates.io`;
    },
  };
}
