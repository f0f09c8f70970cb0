/** Opens DuckDB as the checkpoint does, for a test of the rights that this takes. */
import { openDuckDb } from "../../../lib/checkpoints/s3/parquet/duckdb.ts";

const duckdb = await openDuckDb();
await duckdb.close();
console.log("opened");
