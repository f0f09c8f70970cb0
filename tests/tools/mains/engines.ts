/** Opens the engines of the S3 checkpoint, and says how that went. */
import { enginesOf } from "../../../lib/checkpoints/s3/parquet/engines.ts";

const undos: (() => Promise<void>)[] = [];
const scratch = { undo: (_: string, undo: () => Promise<void>) => void undos.push(undo) };
console.log(await enginesOf({ scratch } as never).then(() => "opened", (error) => error.message));
for (const undo of undos) await undo();
