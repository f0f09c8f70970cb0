/**
 * What runs in the pod: a shell script that starts the Spark shell and ends it with its stdin, and a Scala program that
 * the shell compiles and that then answers statements. Scala 2.12 and 2.13, Spark 3.3 and later.
 */

/** More of a result than this is an error. */
const MOST_ROWS = 100_000;
export const MOST_REPLY_CHARACTERS = 16 * 1024 * 1024;
/** Statements that run side by side; more wait. */
const MOST_SIDE_BY_SIDE = 8;
/** The program ends when it has heard nothing for so long: who asked is gone without a word. */
const SILENCE_MS = 120_000;
/** How often it is to hear something. */
export const BEAT_MS = 15_000;

/**
 * `$1` is the mark of what it prints, the rest are arguments of spark-submit. spark-submit becomes the JVM, so that it can
 * be killed when it does not end within 10 s after its stdin; everything that it writes goes with its directory.
 */
export const SCRIPT = `
mark=$1; shift
found() { printf '\\n%s found %s\\n' "$mark" "$1"; }
submit=
for one in "$(command -v spark-submit)" "\${SPARK_HOME:-/opt/spark}/bin/spark-submit" /opt/spark/bin/spark-submit; do
  if [ -n "$one" ] && [ -x "$one" ]; then submit=$one; break; fi
done
if [ -z "$submit" ]; then found no-spark; exit 127; fi
place=$(mktemp -d "\${TMPDIR:-/tmp}/lakecheck-XXXXXX") && cd "$place" && mkfifo input || { found no-place; exit 126; }
exec 3<&0
cat <&3 >input & relay=$!
export SPARK_SUBMIT_OPTS="\${SPARK_SUBMIT_OPTS:-} -Dscala.usejavacp=true -XX:TieredStopAtLevel=1 \
-Djava.io.tmpdir=$place -Dscala.shell.histfile=$place/history"
export SPARK_LOCAL_DIRS="$place"
"$submit" "$@" <input 3<&- & java=$!
rest=10
while kill -0 $java 2>/dev/null; do
  if ! kill -0 $relay 2>/dev/null; then
    rest=$((rest - 1))
    if [ $rest -lt 0 ]; then kill -9 $java; fi
  fi
  sleep 1
done
wait $java; code=$?
kill $relay 2>/dev/null; wait $relay 2>/dev/null
cd /; rm -rf "$place"
exit $code
`;

/** Arguments of spark-submit for the Spark shell: what a session for small tables needs, over the platform's own. */
export function sparkArguments(more: Readonly<Record<string, string>>): string[] {
  const settings = {
    "spark.sql.datetime.java8API.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.eventLog.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    // The shell would open a metastore of its own, a Derby database in its directory.
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.maxResultSize": "128m",
    ...more,
  };
  return [
    "--class",
    "org.apache.spark.repl.Main",
    "--name",
    "lakecheck",
    ...Object.entries(settings).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
    "spark-shell",
  ];
}

/**
 * Lines for the shell. `mark` begins each line that the program prints. It reads lines of words that are divided by
 * spaces, texts in Base64: `ID sql TEXT`, `ID catalog NAME REFERENCE`; others keep it alive. It answers each with
 * `MARK reply {"id":...}`: `columns` (name, type) and `rows`, or `error` (class and message of each of the chain).
 * Of values, `{"f":TEXT}` is a floating point number and `{"m":[[key,value],...]}` a map; lists and structs are lists.
 */
export function program(mark: string): string {
  const text = SCALA.replaceAll("MARK", mark).replaceAll(/\n\s*/g, " ").trim();
  return `${text}\nLakecheck.serve(spark)\nsys.exit(70)\n`;
}

// One line for the shell: each statement ends with a semicolon, and there are no comments.
const SCALA = String.raw`
object Lakecheck {
  import org.apache.spark.sql.{Row, SparkSession};
  @volatile private var heard = System.currentTimeMillis();
  private val micros = java.time.format.DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS");
  private def say(kind: String, text: String): Unit = System.out.synchronized {
    System.out.print("\nMARK " + kind + " " + text + "\n"); System.out.flush()
  };
  private def quoted(text: String): String = {
    val out = new java.lang.StringBuilder(text.length + 2); out.append('"'); var i = 0;
    while (i < text.length) {
      val c = text.charAt(i);
      if (c < ' ' || c == '"' || c == '\\' || c > '~') out.append('\\').append('u').append(Integer.toHexString(c | 0x10000).substring(1))
      else out.append(c);
      i += 1
    };
    out.append('"').toString
  };
  private def listed(all: Iterator[String]): String = all.mkString("[", ",", "]");
  private def cell(value: Any): String = value match {
    case null => "null";
    case row: Row => listed(row.toSeq.iterator.map(cell));
    case map: scala.collection.Map[_, _] => "{\"m\":" + listed(map.iterator.map { case (k, v) => "[" + cell(k) + "," + cell(v) + "]" }) + "}";
    case all: scala.collection.Seq[_] => listed(all.iterator.map(cell));
    case bytes: Array[Byte] => val hex = new java.lang.StringBuilder(); bytes.foreach(b => hex.append(Integer.toHexString(b & 255 | 256).substring(1))); quoted(hex.toString);
    case one: java.math.BigDecimal => quoted(one.toPlainString);
    case one: Float => "{\"f\":" + quoted(one.toDouble.toString) + "}";
    case one: Double => "{\"f\":" + quoted(one.toString) + "}";
    case one: java.time.Instant => quoted(java.time.LocalDateTime.ofInstant(one, java.time.ZoneOffset.UTC).format(micros) + "Z");
    case one: java.time.LocalDateTime => quoted(one.format(micros));
    case one => quoted(one.toString)
  };
  private def chain(error: Throwable): String = "{\"error\":" + listed(
    Iterator.iterate(error)(_.getCause).takeWhile(_ != null).take(20).map(one =>
      "[" + quoted(one.getClass.getName) + "," + quoted(String.valueOf(one.getMessage).take(8192)) + "]")) + "}";
  private def refused(kind: String, message: String): String = "{\"error\":[[" + quoted("lakecheck." + kind) + "," + quoted(message) + "]]}";
  private def run(spark: SparkSession, sql: String): String = {
    val data = spark.sql(sql);
    val rows = data.collect();
    if (rows.length > ${MOST_ROWS}) refused("ResultTooLarge", "more than ${MOST_ROWS} rows")
    else {
      val out = new java.lang.StringBuilder("{\"columns\":");
      out.append(listed(data.schema.fields.iterator.map(f => "[" + quoted(f.name) + "," + quoted(f.dataType.sql) + "]"))).append(",\"rows\":[");
      var i = 0;
      while (i < rows.length && out.length < ${MOST_REPLY_CHARACTERS}) { if (i > 0) out.append(','); out.append(cell(rows(i))); i += 1 };
      if (out.length >= ${MOST_REPLY_CHARACTERS}) refused("ResultTooLarge", "more than ${MOST_REPLY_CHARACTERS} characters") else out.append("]}").toString
    }
  };
  private def catalog(spark: SparkSession, name: String, reference: String): String = {
    val all = spark.sparkContext.getConf.getAll.toMap ++ spark.conf.getAll;
    val home = "spark.sql.catalog.";
    val iceberg = Set("org.apache.iceberg.spark.SparkCatalog", "org.apache.iceberg.spark.SparkSessionCatalog");
    val known = all.keys.filter(k => k.startsWith(home) && k.indexOf('.', home.length) < 0 && iceberg(all(k).trim)).map(_.substring(home.length)).toSeq.sorted;
    val first = all.get("spark.sql.defaultCatalog").filter(known.contains(_)).orElse(known.find(!_.startsWith("lakecheck_")));
    if (first.isEmpty) refused("NoIcebergCatalog", "no spark.sql.catalog.NAME is org.apache.iceberg.spark.SparkCatalog or SparkSessionCatalog")
    else {
      val own = home + first.get + ".";
      val options = all.collect { case (k, v) if k.startsWith(own) => k.substring(own.length) -> v };
      val kind = options.getOrElse("type", "").toLowerCase;
      val impl = options.getOrElse("catalog-impl", "");
      val uri = options.getOrElse("uri", "");
      val rest = "^(.*/iceberg)(?:/+([^/|]*)(\\|[^/]*)?)?/*$".r;
      val changed: Option[Map[String, String]] =
        if (kind == "nessie" || impl.endsWith(".NessieCatalog")) {
          val at = reference.split("@", 2);
          Some(Map("ref" -> at(0)) ++ (if (at.length > 1) Map("ref.hash" -> at(1)) else Map.empty))
        } else if (kind == "rest" || impl.endsWith(".RESTCatalog")) uri.trim match {
          case rest(base, _, warehouse) => Some(Map("uri" -> (base + "/" + java.net.URLEncoder.encode(reference, "UTF-8").replace("+", "%20").replace("%40", "@") + Option(warehouse).getOrElse(""))));
          case _ => None
        } else None;
      if (changed.isEmpty) refused("NoReferences", "catalog " + first.get + " has no references: it is neither of type nessie nor at a REST address that ends with /iceberg")
      else {
        (options - "ref.hash" ++ changed.get ++ Map("cache-enabled" -> "false")).foreach { case (k, v) => spark.conf.set(home + name + "." + k, v) };
        spark.conf.set(home + name, "org.apache.iceberg.spark.SparkCatalog");
        "{\"columns\":[],\"rows\":[]}"
      }
    }
  };
  private def answer(spark: SparkSession, words: Array[String]): String = try {
    SparkSession.setActiveSession(spark);
    val texts = words.drop(2).map(word => new String(java.util.Base64.getDecoder.decode(word), "UTF-8"));
    if (words(1) == "sql") run(spark, texts(0)) else if (words(1) == "catalog") catalog(spark, texts(0), texts(1)) else refused("Unknown", words(1))
  } catch { case error: Throwable => chain(error) };
  private def daemon(name: String)(work: => Unit): Unit = {
    val thread = new Thread(new Runnable { def run(): Unit = work }, name); thread.setDaemon(true); thread.start()
  };
  private def end(status: Int): Unit = { daemon("lakecheck-halt") { Thread.sleep(5000); Runtime.getRuntime.halt(status) }; System.exit(status) };
  def serve(spark: SparkSession): Unit = {
    val pool = java.util.concurrent.Executors.newFixedThreadPool(${MOST_SIDE_BY_SIDE});
    daemon("lakecheck-silence") { while (System.currentTimeMillis() - heard < ${SILENCE_MS}) Thread.sleep(1000); end(71) };
    val in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in, "UTF-8"));
    say("ready", quoted(spark.version));
    var line = in.readLine();
    while (line != null) {
      heard = System.currentTimeMillis();
      val words = line.trim.split(" ");
      if (words.length > 2) pool.execute(new Runnable { def run(): Unit = say("reply", "{\"id\":" + quoted(words(0)) + "," + answer(spark, words).substring(1)) });
      line = in.readLine()
    };
    end(0)
  }
}
`;
