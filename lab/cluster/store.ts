import type { LabContext } from "../context.ts";

export async function cloneStore(_ctx: LabContext): Promise<string | undefined> {
  return await Promise.resolve(undefined);
}
