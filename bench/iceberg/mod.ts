/**
 * Create a table, append 1,000 rows, read all back: the DuckDB engine against PyIceberg in a warm process and against a
 * cold spark-sql in the client's pod, in turn. By itself, as root: `deno run -A bench/iceberg/mod.ts [ROUNDS]` (default 9).
 */
import { openDuckDbEngine } from "../../lib/checkpoints/iceberg/engines/duckdb.ts";
import { givenConnection } from "../../lib/clients/kubernetes/service_connection.ts";
import type { Reference } from "../../lib/clients/nessie/client.ts";
import { findLab, type LabContext } from "../../lab/context.ts";
import { fetchExtensions } from "../../tools/duckdb/extensions.ts";
import { extensionsDirectory } from "../../lib/checkpoints/iceberg/engines/duckdb_extensions.ts";
import { openLabCatalog, removeCatalog } from "../catalog_store.ts";
import type { Figure } from "../load.ts";
import { median } from "../measure.ts";

const CACHE = Deno.env.get("LAKECHECK_LAB_CACHE") ?? `${Deno.env.get("HOME")}/.cache/lakecheck-lab`;
const KUBECTL = `${CACHE}/bin/kubectl`;
const CATALOG = "http://nessie.data-platform.svc.cluster.local:19120";
const STORE = "http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local";
const WAREHOUSE = "lakehouse";
const PACKAGES = ["pyarrow==26.0.1", "pyiceberg==0.11.1"];
const ROWS = 1000;
/** Spark takes so long that few rounds of it must do. */
const SPARK_ROUNDS = 3;
const [TO_PYICEBERG, TO_SPARK] = [2, 1 / 20];

/** Milliseconds of each round; of Spark there are fewer. */
export interface IcebergTimes {
  duckdb: number[];
  pyiceberg: number[];
  spark: number[];
}

/** Both ratios, from one run in which the three took turns. */
export async function compareIcebergEngines(rounds: number): Promise<Figure[]> {
  const times = await measureIceberg(rounds);
  for (const [name, all] of Object.entries(times)) console.log(`         ${name}: ${spread(all, 0)} ms`);
  const ratios = (to: readonly number[]) => to.map((ms, round) => (times.duckdb[round] ?? NaN) / ms);
  const figure = (name: string, to: readonly number[], limit: number): Figure => ({
    name: `DuckDB / ${name}: create, append and read back ${ROWS} rows`,
    value: `${spread(ratios(to), 3)} ×`,
    limit: `${limit} ×`,
    met: median(ratios(to)) <= limit,
    detail: times,
  });
  return [
    figure("PyIceberg, warm", times.pyiceberg, TO_PYICEBERG),
    figure("spark-sql, cold", times.spark, TO_SPARK),
  ];
}

const spread = (all: readonly number[], digits: number): string =>
  `${median(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)} to ${
    Math.max(...all).toFixed(digits)
  })`;

/** In a process of its own inside the lab's network, where the names of Services mean what they mean to pods. */
async function measureIceberg(rounds: number): Promise<IcebergTimes> {
  const lab = findLab();
  if (!lab) throw new Error("there is no lab of this checkout. Next: deno task lab:up");
  await fetchExtensions(extensionsDirectory() ?? "");
  const python = await pythonOf(lab);
  const names = await Deno.makeTempFile({ prefix: "lakecheck-bench-" });
  try {
    await Deno.writeTextFile(names, `nameserver ${lab.net.dns}\nsearch svc.cluster.local\n`);
    const inside = `mount --bind '${names}' /etc/resolv.conf && exec "$@"`;
    const { code, stdout } = await new Deno.Command("nsenter", {
      args: [
        ...[`--net=${lab.netns}`, "--", "unshare", "--mount", "sh", "-c", inside, "sh"],
        ...[Deno.execPath(), "run", "-A", "--quiet", import.meta.filename ?? ""],
        ...["inside", String(rounds), lab.kubeconfig, python],
      ],
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`bench/iceberg/mod.ts ended with exit status ${code}`);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(names);
  }
}

/** The interpreter of the witness of the tests on the lab, made when it is not there. */
async function pythonOf(lab: LabContext): Promise<string> {
  const home = `${lab.cache}/witness-${PACKAGES.join("-").replaceAll("==", "-")}`;
  const run = async (program: string, ...args: string[]) => {
    const { code } = await new Deno.Command(program, { args, stdout: "null" }).output();
    if (code !== 0) throw new Error(`${program} ${args[0]} ended with exit status ${code}`);
  };
  const ready = await Deno.stat(`${home}/ready`).then(() => true, () => false);
  if (!ready) {
    await run("python3", "-m", "venv", home);
    await run(`${home}/bin/pip`, "install", "--quiet", ...PACKAGES);
    await Deno.writeTextFile(`${home}/ready`, "");
  }
  return `${home}/bin/python`;
}

async function insideLab(rounds: number, kubeconfig: string, python: string): Promise<IcebergTimes> {
  const lab = await openLabCatalog(KUBECTL, kubeconfig);
  const id = crypto.randomUUID().slice(0, 8);
  const branch = `lakecheck-scratch-bench-${id}`;
  const space = `lakecheck_bench_${id}`;
  const ways = [givenConnection("nessie", CATALOG), givenConnection("rgw", STORE)] as const;
  const engine = await openDuckDbEngine({
    ...{ catalog: ways[0], store: ways[1], keys: lab.keys, region: "us-east-1", warehouse: WAREHOUSE },
    timeoutMs: 300_000,
  });
  const uri = `${CATALOG}/iceberg/${branch}`;
  let other: ReturnType<typeof pyiceberg> | undefined;
  try {
    const { noAncestorHash = "" } = await lab.nessie.config();
    await lab.nessie.create(
      "BRANCH",
      branch,
      { type: "BRANCH", name: "main", hash: noAncestorHash } as Reference,
    );
    other = pyiceberg(python, uri, space, lab.keys);
    const at = `${await engine.catalogAt(branch)}.${space}`;
    await engine.run(`CREATE SCHEMA ${at}`);
    const times: IcebergTimes = { duckdb: [], pyiceberg: [], spark: [] };
    for (let round = -1; round < rounds; round++) {
      const name = `r${round + 1}`;
      const [duckdb, python] = [
        await byDuckDb(engine, `${at}.duckdb_${name}`),
        await other.once(`py_${name}`),
      ];
      // One round is warm-up, for those that are warm.
      if (round < 0) continue;
      times.duckdb.push(duckdb);
      times.pyiceberg.push(python);
      // What is on stdout is read by whoever started this.
      console.error(`         DuckDB ${Math.round(duckdb)} ms, PyIceberg ${Math.round(python)} ms`);
      if (round < SPARK_ROUNDS) {
        times.spark.push(await bySpark(kubeconfig, uri, `lakehouse.${space}.spark_${name}`));
      }
    }
    return times;
  } finally {
    await other?.close();
    await engine.close();
    await removeCatalog(lab, { branch, prefix: `${space}/` });
    for (const way of ways) await way.close();
    await lab.close();
  }
}

async function byDuckDb(
  { run }: Pick<Awaited<ReturnType<typeof openDuckDbEngine>>, "run">,
  table: string,
): Promise<number> {
  const started = performance.now();
  await run(`CREATE TABLE ${table} (id BIGINT, name VARCHAR, amount DECIMAL(10, 2))`);
  await run(`INSERT INTO ${table} SELECT i, 'n' || i, i / 10 FROM range(${ROWS}) r(i)`);
  const { rows } = await run(`SELECT * FROM ${table}`);
  const took = performance.now() - started;
  if (rows.length !== ROWS) throw new Error(`DuckDB read ${rows.length} rows back`);
  return took;
}

function pyiceberg(
  python: string,
  uri: string,
  space: string,
  keys: { accessKeyId: string; secretAccessKey: string },
) {
  const child = new Deno.Command(python, {
    args: [new URL("competitor.py", import.meta.url).pathname, uri, space],
    stdin: "piped",
    stdout: "piped",
    env: {
      WAREHOUSE,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
      AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
    },
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let read = "";
  return {
    async once(table: string): Promise<number> {
      await writer.write(new TextEncoder().encode(`${table}\n`));
      for (read = ""; !read.endsWith("\n");) {
        const { value } = await reader.read();
        if (value === undefined) throw new Error("PyIceberg has ended");
        read += value;
      }
      return Number(read);
    },
    async close() {
      await writer.close().catch(() => {});
      await reader.cancel();
      await child.status;
    },
  };
}

async function bySpark(kubeconfig: string, uri: string, table: string): Promise<number> {
  const statements = [
    `CREATE TABLE ${table} (id BIGINT, name STRING, amount DECIMAL(10, 2)) USING iceberg`,
    `INSERT INTO ${table} SELECT id, concat('n', id), CAST(id / 10 AS DECIMAL(10, 2)) FROM range(${ROWS})`,
    `SELECT * FROM ${table}`,
  ];
  const started = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(KUBECTL, {
    args: [
      ...["--kubeconfig", kubeconfig, "-n", "data-platform", "exec", "deploy/spark-client", "--"],
      ...[
        "spark-sql",
        "-S",
        "--conf",
        "spark.eventLog.enabled=false",
        "--conf",
        "spark.sql.shuffle.partitions=1",
      ],
      ...["--conf", `spark.sql.catalog.lakehouse.uri=${uri}`, "-e", statements.join("; ")],
    ],
  }).output();
  const took = performance.now() - started;
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => /^\d+\tn\d+\t/.test(line));
  if (code !== 0 || lines.length !== ROWS) {
    const said = new TextDecoder().decode(stderr).slice(-500);
    throw new Error(`spark-sql ended with exit status ${code} and ${lines.length} rows: ${said}`);
  }
  return took;
}

if (import.meta.main) {
  const [first = "9", rounds = "9", kubeconfig = "", python = ""] = Deno.args;
  if (first === "inside") console.log(JSON.stringify(await insideLab(Number(rounds), kubeconfig, python)));
  else console.log(await compareIcebergEngines(Number(first)));
}
