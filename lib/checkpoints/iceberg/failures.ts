/**
 * What an engine's error means: a class with a reason that programs may match, the line that shows it, and what to do. By
 * the classes of exceptions and the words of Iceberg, Spark, Hadoop, the AWS SDK, Nessie, DuckDB and Trino. Pure.
 */
import { quote } from "../../redact/mod.ts";
import { nextStep } from "../../checkpoint/next_steps.ts";
import type { NextStep, Outcome } from "../../checkpoint/trial.ts";
import type { EngineError, ErrorLink } from "./engines/engine.ts";

/** What is known of an error; `EngineFailed` when its words are not. */
export interface EngineFailure {
  reason: FailureReason;
  /** What happened, to follow the engine's name and a colon. */
  message: string;
  /** One line of the engine's own words, cleaned. */
  evidence: string;
  /** The engine lacks what was asked for: no fault of the platform's. */
  unsupported: boolean;
  next?: readonly NextStep[];
}

/** What one link of a chain shows. All that are given must be so. */
interface Sign {
  /** The name of the class. */
  type?: RegExp;
  words?: RegExp;
  /** The name of another class in the chain, or of this one. */
  near?: RegExp;
}

interface FailureClass {
  message: string;
  /** Absent: there is nothing to be done. */
  next?: NextStep;
  signs: readonly Sign[];
  unsupported?: boolean;
}

const AWS = /(^|\.)(awssdk|amazonaws|s3a)\./;
const OF_STORE = /awssdk|amazonaws|\.s3a?\.|^java\.nio\.file\./;
const OF_CATALOG =
  /iceberg\.(rest|exceptions\.(REST|Service))|org\.projectnessie|HttpClient(Response|Request)?Exception|ServiceUnavailable|hive\.metastore|thrift/;
const NO_WAY =
  /(UnknownHost|Connect|HttpHostConnect|ConnectTimeout|SocketTimeout|NoRouteToHost|Socket|SSL\w*|HttpConnectTimeout|HttpTimeout|ConnectionClosed|UnresolvedAddress)Exception$/;
const NO_WAY_WORDS =
  /UnknownHost|Connection refused|Connection reset|connect timed out|Could not (connect|resolve|establish)|No route to host|PKIX path|Failed to connect|SSL handshake|certificate verif/i;

/** In the order in which they are looked for: the more telling first. */
const CLASSES = {
  OutOfMemory: {
    message: "it ran out of memory",
    next: nextStep("engine-out-of-memory"),
    signs: [
      { type: /(^|\.)OutOfMemoryError$|SparkOutOfMemoryError$|OutOfMemoryException$|^Out of Memory Error$/ },
      {
        words:
          /Java heap space|GC overhead limit exceeded|OOMKilled|\bexit 137\b|must be at least \d+\. Please increase heap|unable to create (new )?native thread|insufficient memory for the Java|EXCEEDED_(LOCAL|GLOBAL)_MEMORY_LIMIT|(too small|Invalid) (initial|maximum) heap/i,
      },
    ],
  },
  RuntimeDownloadBlocked: {
    message: "it could not download what it needs to run",
    next: nextStep("engine-runtime-download-blocked"),
    signs: [
      {
        words:
          /unresolved dependenc|UNRESOLVED DEPENDENCIES|Failed to (resolve|download) (dependenc|maven|extension)|download failed: |Failed to download extension|Server access error at url/i,
      },
      { type: /ivy|SparkSubmitUtils|MavenUtils/, words: /not found|failed|timed? ?out/i },
    ],
  },
  ClasspathSkew: {
    message: "a class is missing, or is of another version than what uses it",
    next: nextStep("engine-classpath-skew"),
    signs: [
      {
        type:
          /(^|\.)(ClassNotFoundException|NoClassDefFoundError|NoSuchMethodError|NoSuchMethodException|NoSuchFieldError|AbstractMethodError|IncompatibleClassChangeError|UnsupportedClassVersionError|IllegalAccessError|LinkageError|VerifyError|BootstrapMethodError|ServiceConfigurationError|InvalidClassException|UnsupportedFileSystemException)$/,
      },
      {
        words:
          /\b(ClassNotFoundException|NoClassDefFoundError|NoSuchMethod(Error|Exception)|UnsupportedClassVersionError)\b|No FileSystem for scheme|Could not find or load main class|Cannot find catalog plugin class|DATA_SOURCE_NOT_FOUND|compiled by a more recent version/i,
      },
    ],
  },
  QuotaExceeded: {
    message: "a quota is used up",
    next: nextStep("engine-quota-exceeded"),
    signs: [{
      type: /QuotaExceeded|QuotaExceededException$/,
    }, {
      words: /QuotaExceeded|\bquota\b.{0,60}\bexceeded|exceed(s|ed).{0,60}\bquota\b/i,
    }],
  },
  DiskFull: {
    message: "a disk is full",
    next: nextStep("engine-disk-full"),
    signs: [
      {
        words:
          /No space left on device|\bENOSPC\b|InsufficientCapacity|InsufficientStorage|\bdisk (is )?full\b/i,
      },
      { type: /DiskErrorException$|DiskOutOfSpaceException$/ },
    ],
  },
  WrongRegion: {
    message: "the object store sent the request elsewhere: region or endpoint are wrong",
    next: nextStep("engine-wrong-region"),
    signs: [
      { type: /AWSRedirectException$/ },
      {
        words:
          /PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint|must be addressed using the specified endpoint|region '?[\w-]+'? is wrong|bucket is in (this|another) region/i,
      },
      { type: AWS, words: /Status Code: 30[1278]\b|\b30[1278] Moved/ },
    ],
  },
  NoCatalogThere: {
    message: "what answers at the catalog's address is not that catalog",
    next: nextStep("engine-no-catalog-there"),
    signs: [
      { type: /(^|\.)RESTException$/, words: /^Unable to (process|parse)/ },
      { type: /NessieBackendException$|RESTSerDe/ },
      { words: /\(HTTP\/404\)|Unrecognized token/i, near: OF_CATALOG },
    ],
  },
  NoSuchBucket: {
    message: "the bucket of the warehouse does not exist",
    next: nextStep("engine-no-such-bucket"),
    signs: [
      { type: /NoSuchBucketException$|UnknownStoreException$/ },
      { words: /NoSuchBucket|specified bucket does not exist|Bucket \S{0,80} does not exist/i },
    ],
  },
  StoreKeysMissing: {
    message: "there are no keys for the object store",
    next: nextStep("engine-store-keys-missing"),
    signs: [
      { type: /NoAuthWithAWSException$|NoAwsCredentialsException$/ },
      { words: /Unable to load (AWS )?credentials|No AWS Credentials provided|Could not load credentials/i },
    ],
  },
  StoreForbidden: {
    message: "the object store rejected the keys, or does not allow them this",
    next: nextStep("engine-store-forbidden"),
    signs: [
      {
        words:
          /InvalidAccessKeyId|SignatureDoesNotMatch|RequestTimeTooSkewed|Access ?Denied.{0,200}(Service: (Amazon )?S3|S3, Status)/i,
      },
      { type: /^java\.nio\.file\.AccessDeniedException$/ },
      { type: AWS, words: /Status Code: 40[13]\b|\b403\b|Access ?Denied|Forbidden/i },
      { words: /\bHTTP (Error: )?.{0,200}\b403\b.{0,100}/i, near: OF_STORE },
      { words: /HTTP (GET|PUT|HEAD|POST|DELETE) error .{0,300}\b403\b|\bs3:\/\/.{0,300}\b403\b/i },
    ],
  },
  CatalogUnauthorized: {
    message: "the catalog did not accept the login",
    next: nextStep("engine-catalog-unauthorized"),
    signs: [
      { type: /NotAuthorizedException$|NessieUnauthori[sz]ed|UnauthorizedException$/ },
      { words: /Unauthori[sz]ed \(HTTP\/401\)|\b401\b.{0,60}Unauthori[sz]ed|Unauthori[sz]ed.{0,60}\b401\b/i },
    ],
  },
  ReferenceConflict: {
    message: "another commit to the reference came first",
    next: nextStep("engine-reference-conflict"),
    signs: [
      { type: /Nessie\w{0,40}ConflictException$|NessieReferenceAlreadyExists/ },
      {
        words:
          /ReferenceConflict|There are (multiple )?conflicts that prevent|(Values of existing|Key) .{0,200}conflict/i,
      },
    ],
  },
  ReferenceMissing: {
    message: "the branch, tag or hash does not exist",
    next: nextStep("engine-reference-missing"),
    signs: [
      { type: /ReferenceNotFoundException$|NessieReferenceNotFound|NessieHashNotFound/ },
      {
        words:
          /ReferenceNotFound|Named reference .{0,200} not found|(reference|ref|branch|tag|hash|commit) ['"`]?[^\s'"`]{1,200}['"`]? (does not exist|not found|is no longer valid|could not be found)/i,
      },
    ],
  },
  NoSuchWarehouse: {
    message: "the catalog has no such warehouse",
    next: nextStep("engine-no-such-warehouse"),
    signs: [{
      words:
        /\b(unknown|no such|invalid) warehouse\b|(?<![.\w])warehouse ['"`]?[^\s.'"`]{1,200}['"`]? (is not known|(is )?not (found|known|configured|defined)|does not exist)/i,
    }],
  },
  NotFound: {
    message: "a table, view or namespace does not exist",
    next: nextStep("engine-not-found"),
    signs: [
      {
        type:
          /NoSuch(Table|View|IcebergTable|Namespace|Database)Exception$|NessieContentNotFound|NessieNamespaceNotFound/,
      },
      {
        words:
          /\b(TABLE_OR_VIEW|TABLE|VIEW|SCHEMA|NAMESPACE)_NOT_FOUND\b|\b(Table|View|Namespace|Schema|Database) (with name )?\S{1,300} (does not exist|not found)|\b(Table|View|Namespace) does not exist/i,
      },
    ],
  },
  AlreadyExists: {
    message: "there is one of that name already",
    next: nextStep("engine-already-exists"),
    signs: [
      { type: /(Table|Namespace|Database|View)?AlreadyExistsException$|NessieNamespaceAlreadyExists/ },
      { words: /_ALREADY_EXISTS\b|already exists/i },
    ],
  },
  FileMissing: {
    message: "a file that the table names is not in the store",
    next: nextStep("engine-file-missing"),
    signs: [
      {
        type:
          /^org\.apache\.iceberg\.exceptions\.NotFoundException$|FileNotFoundException$|NoSuchKeyException$/,
      },
      { words: /NoSuchKey|Failed to open input stream for file/i },
      { type: AWS, words: /Status Code: 404\b/ },
    ],
  },
  CommitStateUnknown: {
    message: "it is not known whether the commit was made: its answer was lost",
    next: nextStep("engine-commit-state-unknown"),
    signs: [{ type: /CommitStateUnknownException$/ }],
  },
  GcDisabled: {
    message: "the table forbids deleting files (gc.enabled=false), as catalogs do that keep versions",
    next: nextStep("engine-gc-disabled"),
    signs: [{ words: /\bGC is disabled\b/i }],
  },
  CommitConflict: {
    message: "another commit to the table came first",
    next: nextStep("engine-commit-conflict"),
    signs: [
      { type: /CommitFailedException$/ },
      { type: /ValidationException$/, words: /conflicting|concurrent/i },
      {
        words:
          /CommitFailedException|TRANSACTION_CONFLICT|Requirement failed: |\bHTTP 409\b|\bConflict_409\b/i,
      },
    ],
  },
  CatalogForbidden: {
    message: "the catalog does not allow this user that",
    next: nextStep("engine-catalog-forbidden"),
    signs: [
      { type: /(^|\.)ForbiddenException$|NessieForbidden|AccessControlException$/ },
      { words: /Forbidden \(HTTP\/403\)|PERMISSION_DENIED|not authorized to/i },
    ],
  },
  StoreUnreachable: {
    message: "the object store could not be reached",
    next: nextStep("engine-store-unreachable"),
    signs: [
      { type: NO_WAY, near: OF_STORE },
      { type: AWS, words: NO_WAY_WORDS },
      { words: /Unable to execute HTTP request/, near: AWS },
    ],
  },
  CatalogUnreachable: {
    message: "the catalog could not be reached",
    next: nextStep("engine-catalog-unreachable"),
    signs: [
      { type: NO_WAY, near: OF_CATALOG },
      { type: OF_CATALOG, words: NO_WAY_WORDS },
      { words: /\/v1\/config.{0,300}(Connection|resolve|refused|timed? ?out)/i },
      { type: NO_WAY },
      { words: NO_WAY_WORDS },
    ],
  },
  CatalogFailed: {
    message: "the catalog answered with an error of its own",
    next: nextStep("engine-catalog-failed"),
    signs: [
      {
        type:
          /ServiceFailureException$|ServiceUnavailableException$|InternalServerError|NessieServiceException$|NessieInternal/,
      },
      { words: /\(HTTP\/5\d\d\)|Server error: .{0,100}(Exception|Error)|HTTP (status )?(code )?50[0234]\b/i },
    ],
  },
  NoReferences: {
    message: "the engine's catalog has no references",
    next: nextStep("engine-no-references"),
    signs: [{ type: /^lakecheck\.(NoReferences|NoIcebergCatalog)$/ }, {
      words:
        /CATALOG_NOT_FOUND|Catalog '[^']{1,200}' plugin class not found|Catalog ["'][^"']{1,200}["'] does not exist/i,
    }],
  },
  NotSupported: {
    message: "the engine does not have this",
    unsupported: true,
    signs: [
      { type: /(^|\.)UnsupportedOperationException$|FeatureNotSupported|^Not implemented Error$/ },
      { words: /\[(UNSUPPORTED|NOT_SUPPORTED|INVALID_PARTITION_OPERATION)[\w.]*\]|\bNOT_SUPPORTED\b/i },
      {
        words:
          /(is|are) not (yet )?(supported|implemented)|not supported (by|in|for|yet)|unsupported (type|feature|statement|operation|format|expression)|does not support/i,
      },
    ],
  },
  SyntaxError: {
    message: "the engine does not understand the statement",
    next: nextStep("engine-syntax-error"),
    signs: [
      { type: /(^|\.)(ParseException|IcebergParseException)$|^Parser Error$/ },
      { words: /PARSE_SYNTAX_ERROR|\bSYNTAX_ERROR\b|mismatched input/i },
    ],
  },
} as const satisfies Readonly<Record<string, FailureClass>>;

export type FailureReason = keyof typeof CLASSES | "EngineFailed";

/** In the order in which they are looked for, `EngineFailed` apart. */
export const FAILURE_REASONS = Object.keys(CLASSES) as readonly (keyof typeof CLASSES)[];

/** More links, and more of each, are not looked at. */
const MOST_LINKS = 20;
const LINK_CHARACTERS = 4096;
const EVIDENCE_CHARACTERS = 240;

/** Never throws; of the engine's words no more than one line is in what it gives. */
export function failureOfEngine({ chain }: EngineError): EngineFailure {
  const links = chain.slice(0, MOST_LINKS).map(({ type, message }) => ({
    type: type.slice(0, 300),
    message: message.slice(0, LINK_CHARACTERS),
  }));
  const innermostFirst = links.toReversed();
  for (const reason of FAILURE_REASONS) {
    const { message, next, signs, unsupported = false }: FailureClass = CLASSES[reason];
    const found = innermostFirst.find((link) => signs.some((sign) => shows(sign, link, links)));
    if (!found) continue;
    const base = { reason, message, unsupported, evidence: evidenceOf(found, signs) };
    return next ? { ...base, next: [next] } : base;
  }
  const message = "it failed, in words that are not known here";
  const [outermost] = links;
  const evidence = outermost ? evidenceOf(outermost, []) : "";
  return { reason: "EngineFailed", message, unsupported: false, evidence };
}

/** What an outcome tells of a failure beside its reason and its words. */
export const toldOf = ({ evidence, next }: EngineFailure): Partial<Outcome> => ({
  ...evidence === "" ? {} : { evidence },
  ...next ? { next: [...next] } : {},
});

function shows({ type, words, near }: Sign, link: ErrorLink, all: readonly ErrorLink[]): boolean {
  return (type === undefined || type.test(link.type)) && (words === undefined || words.test(link.message)) &&
    (near === undefined || all.some((other) => near.test(other.type)));
}

/** `CLASS: LINE`, with the line that has the words, else the first. */
function evidenceOf({ type, message }: ErrorLink, signs: readonly Sign[]): string {
  const lines = message.split("\n").filter((line) => line.trim() !== "");
  const line = lines.find((one) => signs.some(({ words }) => words?.test(one))) ?? lines[0] ?? "";
  const name = type.startsWith("lakecheck.") ? "" : `${type.slice(type.lastIndexOf(".") + 1)}: `;
  return quote(`${name}${line}`, [], EVIDENCE_CHARACTERS);
}
