/** A part of the lab that failed: which part, why, where its log is, and what to do. Shown to people without a stack. */
export class LabError extends Error {
  override readonly name = "LabError";
  /**
   * @param part short name of the part, such as `etcd`
   * @param why what happened, one line or a few
   * @param log path of the file that tells the rest
   * @param next what to do now
   */
  constructor(readonly part: string, readonly why: string, readonly log?: string, readonly next?: string) {
    super(`${part}: ${why}`);
  }
}
