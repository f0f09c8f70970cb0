import assert from "node:assert/strict";
import fc from "fast-check";
import { meaningOf, podLogs, signalsIn } from "../../../lib/components/workloads/log_signals.ts";
import { workloads } from "../../../lib/components/workloads/mod.ts";
import { examined, LONG_AGO, on, pod, PODS, waiting } from "../platform.ts";

const died = (exitCode = 1) => ({
  ...waiting("CrashLoopBackOff"),
  lastState: { terminated: { exitCode, reason: "Error", finishedAt: LONG_AGO } },
});
const WORDS = [
  ["BadBase64", "illegal base64 data at input byte 0"],
  ["LoginRefused", 'FATAL: password authentication failed for user "nessie"'],
  ["LoginRefused", "com.amazonaws.AmazonS3Exception: SignatureDoesNotMatch"],
  ["AccessDenied", "AccessDenied: Access Denied (Service: S3, Status Code: 403)"],
  ["NoSuchBucket", "The specified bucket does not exist (NoSuchBucket)"],
  ["NoSuchTable", 'ERROR: relation "api_stopevent" does not exist (SQLSTATE 42P01)'],
  ["UnknownHost", "java.net.UnknownHostException: ceph-objectstore"],
  ["UnknownHost", "dial tcp: lookup db on 10.96.0.10:53: no such host"],
  ["ConnectionRefused", "connect: connection refused"],
  ["ConnectionTimeout", "dial tcp 10.0.0.1:5432: i/o timeout"],
  ["CertificateRejected", "x509: certificate signed by unknown authority"],
  ["OutOfMemory", "java.lang.OutOfMemoryError: Java heap space"],
  ["DiskFull", "write /data/x: no space left on device"],
  ["ClassNotFound", "java.lang.ClassNotFoundException: org.apache.hadoop.fs.s3a.S3AFileSystem"],
  ["WrongArchitecture", "exec /entrypoint.sh: exec format error"],
  ["InvalidConfiguration", "ERROR: Configuration is invalid"],
  ["TooManyConnections", "java.sql.SQLNonTransientConnectionException: Too many connections"],
  ["TooManyConnections", "FATAL: sorry, too many clients already"],
  ["ReadOnly", "The MySQL server is running with the --read-only option so it cannot execute this statement"],
  ["DatabaseLogin", "java.sql.SQLException: Access denied for user 'app'@'10.0.0.7' (using password: YES)"],
  ["DatabaseLogin", 'FATAL: password authentication failed for user "nessie"'],
  ["PortInUse", "Web server failed to start. Port 8080 was already in use."],
  ["PortInUse", "listen tcp :8080: bind: address already in use"],
  ["FileDenied", "mkdir: can't create directory '/data/db': Permission denied"],
  ["FileDenied", "open /data/lock: permission denied"],
  ["UnknownHost", "tsdb: Temporary failure in name resolution"],
  ["MySQL", "Caused by: com.mysql.cj.exceptions.CJException: Connection refused"],
  ["PostgreSQL", "org.postgresql.util.PSQLException: Connection to db:5432 refused"],
  ["Redis", "io.lettuce.core.RedisConnectionException: Connection refused"],
  ["MongoDB", "com.mongodb.MongoSocketOpenException: connection refused"],
] as const;

Deno.test("logs: what real programs say is told by its word", () => {
  for (const [word, line] of WORDS) assert.ok(signalsIn(`INFO start\n${line}\n`).includes(word), line);
});

Deno.test("logs: a log that says nothing we know gives no word", () => {
  assert.deepEqual(signalsIn("INFO Quarkus 3.15 started in 2.1s\nINFO listening on 0.0.0.0:19120"), []);
});

Deno.test("logs: words are of the fixed vocabulary and never the log's own text, each once", () => {
  const vocabulary = new Set<string>(WORDS.map(([word]) => word));
  const lines = fc.array(fc.oneof(fc.string(), fc.constantFrom(...WORDS.map(([, line]) => line))));
  fc.assert(fc.property(lines, (all) => {
    const words = signalsIn(all.join("\n"));
    return words.every((word) => vocabulary.has(word)) && new Set(words).size === words.length;
  }));
});

Deno.test("logs: a reader keeps the words and drops the text, whatever secret is in it", () => {
  fc.assert(fc.property(fc.string({ minLength: 8 }), (secret) => {
    const kept = podLogs.read(`password=${secret}\nconnection refused`);
    return JSON.stringify(kept) === '["ConnectionRefused"]' || !JSON.stringify(kept).includes(secret);
  }));
});

Deno.test("logs: a meaning is told only for words of the vocabulary", () => {
  assert.equal(meaningOf(["DiskFull"]), "the disk is full");
  assert.equal(meaningOf(["MySQL"]), "");
  assert.doesNotMatch(meaningOf(["DatabaseLogin", "LoginRefused", "AccessDenied"]), /a login|access was/);
  assert.equal(meaningOf(["hunter2"]), "");
});

/** The paths of logs that a run asks for. */
async function asked(...pods: unknown[]): Promise<string[]> {
  const paths: string[] = [];
  const answers = new Proxy({}, {
    get: (_, path) => {
      if (String(path).includes("/log")) paths.push(String(path));
      return undefined;
    },
  });
  await examined([workloads], { lists: { [PODS]: pods }, answers });
  return [...new Set(paths.map((path) => path.split("?")[0] ?? path))];
}

Deno.test("logs: of well pods, of pods that are done, and of other tenants' pods nobody reads a log", async () => {
  const paths = await asked(
    pod("well"),
    pod("done", { phase: "Succeeded", ready: false }),
    pod("theirs", { namespace: "games", ready: false, container: died() }),
  );
  assert.deepEqual(paths, []);
});

Deno.test("logs: one pod speaks for its workload, and the platform's own come first", async () => {
  const owner = { kind: "StatefulSet", name: "db" };
  const strangers = Array.from(
    { length: 20 },
    (_, i) => pod(`coredns-${i}`, { namespace: "kube-system", ready: false, container: died() }),
  );
  const paths = await asked(
    ...strangers,
    pod("db-0", { owner, ready: false, container: died() }),
    pod("db-1", { owner, ready: false, container: died() }),
  );
  assert.equal(paths.length, 16);
  assert.equal(paths.filter((path) => path.includes("/data-platform/pods/db-")).length, 1);
});

Deno.test("logs: what a crashing pod's log says is told with the pod; a log that cannot be read changes nothing", async () => {
  const path = "/api/v1/namespaces/data-platform/pods/a/log";
  const lists = { [PODS]: [pod("a", { ready: false, container: died() })] };
  const told = await examined([workloads], {
    lists,
    answers: { [path]: { status: 200, body: "no space left on device" } },
  });
  assert.match(on(told, "Pod", "a")[0]?.message ?? "", /its log says that the disk is full/);
  const failures = { [path]: { kind: "forbidden" as const, message: "cannot get pods/log" } };
  const [untold] = on(await examined([workloads], { lists, failures }), "Pod", "a");
  assert.equal(untold?.reason, "CrashLoopBackOff");
  assert.doesNotMatch(untold?.message ?? "", /its log/);
});
