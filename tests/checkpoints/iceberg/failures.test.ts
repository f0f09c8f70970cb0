import assert from "node:assert/strict";
import fc from "fast-check";
import { commandOf } from "../../../lib/checkpoint/next_steps.ts";
import {
  EngineError,
  type EngineName,
  type ErrorLink,
} from "../../../lib/checkpoints/iceberg/engines/engine.ts";
import { FAILURE_REASONS, failureOfEngine } from "../../../lib/checkpoints/iceberg/failures.ts";

type Link = readonly [type: string, message: string];

function classify(engine: EngineName, links: readonly Link[]) {
  return failureOfEngine(
    new EngineError(engine, links.map(([type, message]): ErrorLink => ({ type, message }))),
  );
}

/** `REASON` to chains of Spark 3.5.9 with Iceberg 1.10.1 against Nessie 0.99 and Ceph RGW, as they came. */
const RECORDED: readonly (readonly [string, readonly Link[], RegExp])[] = [
  ["ClasspathSkew", [[
    "java.lang.IllegalArgumentException",
    "Cannot initialize FileIO implementation com.example.MissingFileIO: Cannot find constructor for interface\n\tMissing com.example.MissingFileIO [java.lang.ClassNotFoundException: com.example.MissingFileIO]",
  ]], /Missing com\.example\.MissingFileIO \[java\.lang\.ClassNotFoundException/],
  ["RuntimeDownloadBlocked", [
    ["java.lang.RuntimeException", "[unresolved dependency: com.example#nothing;1.0: not found]"],
    ["lakecheck.Exit", "spark-submit ended with exit 1"],
  ], /^RuntimeException: \[unresolved dependency/],
  ["ClasspathSkew", [
    [
      "org.apache.iceberg.exceptions.RuntimeIOException",
      "Failed to get file system for path: s3://lake/x.json",
    ],
    ["org.apache.hadoop.fs.UnsupportedFileSystemException", 'No FileSystem for scheme "s3"'],
  ], /^UnsupportedFileSystemException: No FileSystem for scheme "s3"$/],
  ["ClasspathSkew", [
    [
      "org.apache.spark.SparkException",
      "Cannot find catalog plugin class for catalog 'p': com.example.MissingCatalog.",
    ],
    ["java.lang.ClassNotFoundException", "com.example.MissingCatalog"],
  ], /^ClassNotFoundException: com\.example\.MissingCatalog$/],
  ["CatalogUnreachable", [
    ["org.apache.iceberg.exceptions.RESTException", "Error occurred while processing GET request"],
    ["java.net.UnknownHostException", "no-such-catalog.lake.svc.cluster.local: Name or service not known"],
  ], /^UnknownHostException: no-such-catalog/],
  ["CatalogUnreachable", [
    ["org.apache.iceberg.exceptions.RESTException", "Error occurred while processing GET request"],
    [
      "org.apache.iceberg.shaded.org.apache.hc.client5.http.HttpHostConnectException",
      "Connect to http://127.0.0.1:9 failed: Connection refused",
    ],
  ], /Connection refused$/],
  ["ReferenceMissing", [[
    "org.apache.iceberg.exceptions.BadRequestException",
    "Malformed request: Named reference 'no-such-branch' not found",
  ]], /no-such-branch/],
  ["ReferenceMissing", [
    ["java.lang.IllegalArgumentException", "Nessie ref 'no-such-branch' does not exist"],
    [
      "org.projectnessie.error.NessieReferenceNotFoundException",
      "Named reference 'no-such-branch' not found",
    ],
  ], /^NessieReferenceNotFoundException/],
  ["NoSuchWarehouse", [[
    "org.apache.iceberg.exceptions.ServiceFailureException",
    "Server error: IllegalStateException: Warehouse 'no-such-warehouse' is not known",
  ]], /is not known$/],
  [
    "NoCatalogThere",
    [["org.apache.iceberg.exceptions.RESTException", "Unable to process: "]],
    /Unable to process/,
  ],
  ["NoCatalogThere", [[
    "org.apache.iceberg.exceptions.RESTException",
    'Unable to process: {"Code":"NoSuchBucket","Message":"","BucketName":"v1","RequestId":"tx0"}',
  ]], /NoSuchBucket/],
  ["NoSuchBucket", [
    ["org.apache.iceberg.exceptions.RuntimeIOException", "Failed to refresh the table"],
    [
      "org.apache.hadoop.fs.s3a.UnknownStoreException",
      "`s3a://no-such-bucket/x/v0.metadata.json': getFileStatus: AmazonS3Exception: NoSuchBucket",
    ],
    [
      "com.amazonaws.services.s3.model.AmazonS3Exception",
      "NoSuchBucket (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Request ID: tx00; Proxy: null)",
    ],
  ], /^AmazonS3Exception: NoSuchBucket/],
  [
    "NotFound",
    [[
      "org.apache.spark.sql.catalyst.ExtendedAnalysisException",
      "[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b` cannot be found. Verify the spelling.\nIf you did not qualify the name with a schema, verify the current_schema() output.",
    ]],
    /^ExtendedAnalysisException: \[TABLE_OR_VIEW_NOT_FOUND\] The table or view `a`\.`b` cannot be found\. Verify the spelling\.$/,
  ],
  [
    "NotFound",
    [["org.apache.iceberg.exceptions.NoSuchNamespaceException", "Namespace does not exist: ns"]],
    /ns$/,
  ],
  ["NotFound", [[
    "org.apache.spark.sql.catalyst.analysis.NoSuchNamespaceException",
    "[SCHEMA_NOT_FOUND] The schema `a`.`b` cannot be found.",
  ]], /SCHEMA_NOT_FOUND/],
  ["NotSupported", [[
    "org.apache.spark.sql.catalyst.parser.ParseException",
    '\n[UNSUPPORTED_DATATYPE] Unsupported data type "VARIANT".(line 1, pos 36)\n\n== SQL ==\ncreate table t (a variant)\n',
  ]], /^ParseException: \[UNSUPPORTED_DATATYPE\]/],
  ["SyntaxError", [[
    "org.apache.spark.sql.catalyst.parser.ParseException",
    "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)\n\n== SQL ==\nselec 1\n^^^\n",
  ]], /near 'selec'/],
  ["EngineFailed", [[
    "java.lang.IllegalArgumentException",
    "Cannot set a custom location for a path-based table. Expected file:///a but got s3://b",
  ]], /^IllegalArgumentException: Cannot set a custom location/],
];

/** In the words of the sources of Iceberg, Hadoop, the AWS SDK, Nessie and DuckDB, where the lab gives none. */
const DOCUMENTED: readonly (readonly [string, EngineName, readonly Link[]])[] = [
  ["OutOfMemory", "spark", [["java.lang.OutOfMemoryError", "Java heap space"]]],
  ["OutOfMemory", "spark", [["lakecheck.Exit", "spark-submit ended with exit 137"]]],
  ["OutOfMemory", "spark", [[
    "java.lang.IllegalArgumentException",
    "System memory 259522560 must be at least 471859200. Please increase heap size using the --driver-memory option",
  ]]],
  ["OutOfMemory", "duckdb", [[
    "Out of Memory Error",
    "failed to allocate data of size 1.0 GiB (900 MiB/1 GiB used)",
  ]]],
  ["RuntimeDownloadBlocked", "spark", [[
    "java.lang.RuntimeException",
    "[unresolved dependency: org.x#y;1.0: not found]",
  ]]],
  ["RuntimeDownloadBlocked", "duckdb", [[
    "HTTP Error",
    'Failed to download extension "iceberg" at URL "http://x/y"',
  ]]],
  ["ClasspathSkew", "spark", [["java.lang.NoSuchMethodError", "'void org.apache.x.Y.z()'"]]],
  ["ClasspathSkew", "spark", [[
    "java.lang.UnsupportedClassVersionError",
    "org/apache/iceberg/Table has been compiled by a more recent version of the Java Runtime",
  ]]],
  ["QuotaExceeded", "spark", [[
    "software.amazon.awssdk.services.s3.model.S3Exception",
    "null (Service: S3, Status Code: 403, Error: QuotaExceeded)",
  ]]],
  ["DiskFull", "spark", [["java.io.IOException", "No space left on device"]]],
  ["WrongRegion", "spark", [[
    "software.amazon.awssdk.services.s3.model.S3Exception",
    "null (Service: S3, Status Code: 301, Request ID: x)",
  ]]],
  ["WrongRegion", "spark", [[
    "com.amazonaws.services.s3.model.AmazonS3Exception",
    "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
  ]]],
  ["StoreKeysMissing", "spark", [[
    "software.amazon.awssdk.core.exception.SdkClientException",
    "Unable to load credentials from any of the providers in the chain",
  ]]],
  ["StoreForbidden", "spark", [[
    "software.amazon.awssdk.services.s3.model.S3Exception",
    "null (Service: S3, Status Code: 403, Request ID: tx0)",
  ]]],
  ["StoreForbidden", "spark", [[
    "java.nio.file.AccessDeniedException",
    "s3a://b/k: getFileStatus on s3a://b/k: Forbidden",
  ]]],
  ["CatalogUnauthorized", "spark", [[
    "org.apache.iceberg.exceptions.NotAuthorizedException",
    "Not authorized: Unauthorized",
  ]]],
  ["CatalogForbidden", "spark", [[
    "org.apache.iceberg.exceptions.ForbiddenException",
    "Forbidden: user may not write",
  ]]],
  ["ReferenceConflict", "spark", [[
    "org.projectnessie.error.NessieReferenceConflictException",
    "There are conflicts that prevent committing",
  ]]],
  ["AlreadyExists", "spark", [[
    "org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException",
    "[TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table",
  ]]],
  ["FileMissing", "spark", [[
    "org.apache.iceberg.exceptions.NotFoundException",
    "Location does not exist: s3://b/k",
  ]]],
  ["GcDisabled", "spark", [[
    "org.apache.iceberg.exceptions.ValidationException",
    "Cannot expire snapshots: GC is disabled (deleting files may corrupt other tables)",
  ]]],
  ["CommitStateUnknown", "spark", [[
    "org.apache.iceberg.exceptions.CommitStateUnknownException",
    "Service failed: 500",
  ]]],
  ["CommitConflict", "spark", [[
    "org.apache.iceberg.exceptions.CommitFailedException",
    "Commit failed: Requirement failed: branch main has changed",
  ]]],
  ["CommitConflict", "duckdb", [[
    "TransactionContext Error",
    "Failed to commit: 'https://c' returned HTTP 409 Conflict",
  ]]],
  ["StoreUnreachable", "spark", [
    [
      "software.amazon.awssdk.core.exception.SdkClientException",
      "Unable to execute HTTP request: s3.nowhere",
    ],
    ["java.net.UnknownHostException", "s3.nowhere"],
  ]],
  ["CatalogFailed", "spark", [[
    "org.apache.iceberg.exceptions.ServiceFailureException",
    "Server error: null",
  ]]],
  ["NoReferences", "spark", [["lakecheck.NoReferences", "catalog hive has no references"]]],
  ["NotSupported", "duckdb", [["Not implemented Error", "UPDATE on a partitioned table"]]],
  ["SyntaxError", "duckdb", [["Parser Error", 'syntax error at or near "selec"']]],
  ["StoreForbidden", "duckdb", [["HTTP Error", "HTTP GET error on 's3://b/k' (HTTP 403)"]]],
  ["StoreForbidden", "duckdb", [["IO Error", "Unable to connect to URL s3://b/k: 403 (Forbidden)"]]],
  ["NotFound", "duckdb", [["Catalog Error", "Table with name nowhere does not exist!"]]],
];

Deno.test("what Spark says is told by its class, with the one line that shows it", () => {
  for (const [reason, links, line] of RECORDED) {
    const failure = classify("spark", links);
    assert.equal(failure.reason, reason, JSON.stringify(links));
    assert.match(failure.evidence, line);
    assert.equal(failure.unsupported, reason === "NotSupported");
  }
});

Deno.test("so are the words of libraries and of DuckDB", () => {
  for (const [reason, engine, links] of DOCUMENTED) {
    assert.equal(classify(engine, links).reason, reason, JSON.stringify(links));
  }
});

Deno.test("every class has a case here, and a next step, but for what the engine does not have", () => {
  const seen = new Set([...RECORDED.map(([reason]) => reason), ...DOCUMENTED.map(([reason]) => reason)]);
  assert.deepEqual(FAILURE_REASONS.filter((reason) => !seen.has(reason)), []);
  for (const [reason, engine, links] of DOCUMENTED) {
    const steps = classify(engine, links).next ?? [];
    assert.equal(steps.length, reason === "NotSupported" ? 0 : 1, reason);
    for (const step of steps) assert.ok(commandOf(step), step.step);
  }
});

Deno.test("a chain that says nothing is no class, and no reason to throw", () => {
  assert.deepEqual(classify("spark", []), {
    reason: "EngineFailed",
    message: "it failed, in words that are not known here",
    unsupported: false,
    evidence: "",
  });
});

Deno.test("of the engine's words one line comes out, short, and without credentials", () => {
  const word = fc.constantFrom(
    ..."\n \u001b[31m ' Forbidden 403 NoSuchBucket ClassNotFoundException quota exceeded table x does not exist"
      .split(" "),
  );
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(word, { maxLength: 40 }).map((all) => all.join(" ")),
  );
  const links = fc.array(fc.tuple(text, text), { maxLength: 30 });
  fc.assert(fc.property(links, (chain) => {
    const { evidence, reason, message } = classify("spark", chain);
    assert.ok(evidence.length <= 240);
    assert.ok(!evidence.includes("\n") && !evidence.includes("\u001b"));
    assert.match(reason, /^[A-Z][A-Za-z]+$/);
    assert.ok(!message.includes("\n"));
  }));
  const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
  const told = classify("spark", [[
    "software.amazon.awssdk.X",
    `403 s3.secret-access-key=${secret}\nsecond line`,
  ]]);
  assert.ok(!JSON.stringify(told).includes(secret));
  assert.ok(!JSON.stringify(told).includes("second"));
});
