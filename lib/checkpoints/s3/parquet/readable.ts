/** What a reader makes of a file whose bytes are known to be right. */
import { Ended, fail } from "../../../checkpoint/expect.ts";
import { CannotLook, Interrupted } from "../../../engine/errors.ts";
import { quote } from "../../../redact/mod.ts";

/** Whatever a library throws at it ends the trial as failed. */
export async function readable<T>(who: string, place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Ended || error instanceof CannotLook || error instanceof Interrupted) {
      throw error;
    }
    const line = quote(error instanceof Error ? error.message : String(error), [], 300);
    fail("Unreadable", `${who} cannot read a Parquet file that is there byte for byte: ${line}`, {
      evidence: place,
    });
  }
}
