/** Parts that fetch what others have built: jars, Python packages, Deno and Debian. Each is checked by its pin. */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { hashFile, moveInto, writeWhole } from "../files.ts";
import {
  debianPin,
  denoPin,
  type JarPin,
  javaPin,
  mavenPlugin,
  nessieJar,
  type PythonPin,
  sparkJars,
  sparkPin,
} from "../pins.ts";
import type { Part, PartContext } from "../runner.ts";

const MINUTE = 60_000;

/** The file name that Maven gives a jar. */
export function jarName(jar: JarPin): string {
  const classifier = jar.classifier === undefined ? "" : `-${jar.classifier}`;
  return `${jar.artifact}-${jar.version}${classifier}.jar`;
}

async function check(path: string, expected: string): Promise<void> {
  const found = await hashFile(path);
  if (found !== expected) {
    throw new Error(
      `${path} has sha256 ${found}, but ${expected} is pinned: it is not the file that was tried`,
    );
  }
}

/** A Maven project that does nothing but copy the given jars to a directory. */
export function copyProject(jars: readonly JarPin[], directory: string): string {
  const items = jars.map((jar) =>
    `<artifactItem><groupId>${jar.group}</groupId><artifactId>${jar.artifact}</artifactId>` +
    `<version>${jar.version}</version>` +
    (jar.classifier === undefined ? "" : `<classifier>${jar.classifier}</classifier>`) + "</artifactItem>"
  );
  const [group, artifact, version] = mavenPlugin.split(":");
  return `<project><modelVersion>4.0.0</modelVersion><groupId>lakecheck</groupId><artifactId>jars</artifactId>` +
    `<version>1</version><packaging>pom</packaging><build><plugins><plugin><groupId>${group}</groupId>` +
    `<artifactId>${artifact}</artifactId><version>${version}</version><configuration>` +
    `<outputDirectory>${directory}</outputDirectory><artifactItems>${items.join("")}</artifactItems>` +
    `</configuration></plugin></plugins></build></project>`;
}

function jarsPart(name: string, output: string, jars: readonly JarPin[]): Part {
  return {
    name,
    kind: "fetch",
    needs: [],
    inputs: [JSON.stringify(jars), mavenPlugin],
    outputs: [output],
    intermediate: true,
    timeoutMs: 15 * MINUTE,
    run: async (context) => {
      const project = join(context.workDir, "pom.xml");
      const directory = join(context.workDir, "jars");
      Deno.writeTextFileSync(project, copyProject(jars, directory));
      const repository = `-Dmaven.repo.local=${join(context.cacheDir, "maven")}`;
      await context.run(["mvn", "-B", "-ntp", "-f", project, "dependency:copy", repository]);
      for (const jar of jars) await check(join(directory, jarName(jar)), jar.sha256);
      moveInto(directory, join(context.cacheDir, output));
      return `${jars.length} of Maven Central`;
    },
  };
}

function pythonPart(name: string, output: string, pin: PythonPin): Part {
  return {
    name,
    kind: "fetch",
    needs: [],
    inputs: [JSON.stringify(pin)],
    outputs: [output],
    intermediate: true,
    timeoutMs: 15 * MINUTE,
    run: async (context) => {
      const requirements = join(context.workDir, "requirements.txt");
      const directory = join(context.workDir, "files");
      Deno.writeTextFileSync(requirements, `${pin.project}==${pin.version} --hash=sha256:${pin.sha256}\n`);
      await context.run(
        [
          "pip3",
          "download",
          "--no-cache-dir",
          "--no-deps",
          "--require-hashes",
          "-r",
          requirements,
          "-d",
          directory,
        ],
      );
      const [file, ...more] = [...Deno.readDirSync(directory)];
      if (file === undefined || more.length > 0) {
        throw new Error(`pip3 left ${more.length + 1} files, not one`);
      }
      await check(join(directory, file.name), pin.sha256);
      moveInto(join(directory, file.name), join(context.cacheDir, output));
      return `${pin.version} of PyPI`;
    },
  };
}

function denoPart(): Part {
  return {
    name: "deno",
    kind: "fetch",
    needs: [],
    inputs: [JSON.stringify(denoPin)],
    outputs: ["bin/deno"],
    timeoutMs: 10 * MINUTE,
    run: async (context) => {
      await context.run(["npm", "pack", "--silent", `${denoPin.packageName}@${denoPin.version}`]);
      const [file] = [...Deno.readDirSync(context.workDir)].filter((entry) => entry.name.endsWith(".tgz"));
      if (file === undefined) throw new Error("npm pack left no archive");
      const digest = Buffer.from(await hashFile(join(context.workDir, file.name), "sha512"), "hex").toString(
        "base64",
      );
      if (`sha512-${digest}` !== denoPin.integrity) throw new Error(`${file.name} is not the pinned archive`);
      await context.run(["tar", "-xzf", file.name, "package/deno"]);
      Deno.chmodSync(join(context.workDir, "package/deno"), 0o755);
      moveInto(join(context.workDir, "package/deno"), join(context.cacheDir, "bin/deno"));
      return `${denoPin.version} of npm`;
    },
  };
}

/** Users that the images promise: CloudNativePG wants postgres at 26, Spark's image has spark at 185. */
const USERS = [
  "postgres:x:26:26:PostgreSQL:/var/lib/postgresql:/bin/bash",
  "spark:x:185:0:Spark:/opt/spark/work-dir:/bin/bash",
  "nessie:x:10000:10001:Nessie:/tmp:/usr/sbin/nologin",
];
const GROUPS = ["nessie:x:10001:"];

/** Not needed to run: documents, and PostgreSQL's compiler for expressions, which it does without. */
const EXCLUDED = [
  "/usr/share/doc/*",
  "/usr/share/man/*",
  "/usr/share/info/*",
  "/usr/share/locale/*",
  "/usr/share/i18n/*",
  "/usr/lib/x86_64-linux-gnu/libLLVM-*",
  "/usr/lib/postgresql/15/lib/bitcode/*",
];

/** The command line that makes Debian's root file system. `mirror` is the machine's own source list, if found. */
export function debianCommand(target: string, packagesTo: string, mirror: readonly string[]): string[] {
  const lines = (text: readonly string[], file: string) =>
    `printf '%s\\n' ${text.map((t) => `'${t}'`).join(" ")} >> "$1/${file}"`;
  return [
    "mmdebstrap",
    "--variant=minbase",
    "--mode=root",
    "--format=tar",
    `--include=${debianPin.packages.join(",")}`,
    '--aptopt=Apt::Install-Recommends "false"',
    "--dpkgopt=force-unsafe-io",
    ...EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`),
    `--essential-hook=${lines(USERS, "etc/passwd")}`,
    `--essential-hook=${lines(GROUPS, "etc/group")}`,
    '--essential-hook=mkdir -p "$1/etc/postgresql-common"; ' +
    'echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"',
    // Debian gives 26 to a group for tape drives, and gives it back when packages are configured.
    `--customize-hook=sed -i 's/^tape:x:26:/postgres:x:26:/' "$1/etc/group"`,
    `--customize-hook=chroot "$1" dpkg-query -W -f '\${Package} \${Version}\\n' > '${packagesTo}'`,
    '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/* "$1"/usr/share/locale',
    debianPin.suite,
    target,
    ...mirror,
  ];
}

async function makeDebian(context: PartContext): Promise<string> {
  const tar = join(context.workDir, "debian.tar");
  const list = join(context.workDir, "packages.txt");
  const mirror = "/etc/apt/sources.list.d/debian.sources";
  const mirrors = [mirror].filter((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  // Files get the time of the pins' day, so that the same packages give the same layer.
  await context.run(debianCommand(tar, list, mirrors), { env: { SOURCE_DATE_EPOCH: "1577836800" } });
  writeWhole(join(context.cacheDir, "debian-packages.txt"), Deno.readTextFileSync(list));
  moveInto(tar, join(context.cacheDir, "layers/debian.tar"));
  return `${Math.round(Deno.statSync(join(context.cacheDir, "layers/debian.tar")).size / 1e6)} MB`;
}

function debianPart(): Part {
  const inputs = debianCommand("", "", []);
  return {
    name: "debian",
    kind: "fetch",
    needs: [],
    inputs,
    outputs: ["layers/debian.tar", "debian-packages.txt"],
    timeoutMs: 15 * MINUTE,
    run: makeDebian,
  };
}

/** All parts that fetch; the longest first. */
export function fetchParts(): Part[] {
  return [
    debianPart(),
    pythonPart("spark package", "downloads/pyspark.tar.gz", sparkPin),
    jarsPart("spark jars", "downloads/spark-jars", sparkJars),
    jarsPart("nessie jar", "downloads/nessie", [nessieJar]),
    pythonPart("java runtime", "downloads/java.whl", javaPin),
    denoPart(),
  ];
}
