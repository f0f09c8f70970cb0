/** Findings that are known and may wait: they stay in the report, and out of its verdict. Pure. */
import { endOfDay } from "../untrusted/day.ts";
import { fits } from "../untrusted/wildcard.ts";
import type { Diagnosis } from "./diagnose.ts";
import { type Finding, type Muted, type Muting, refKey, refText } from "./model.ts";

/**
 * The same findings, those that are muted marked, and the roots without those of which every finding is muted. What
 * a muted root explains goes with it, unless that is worse than what was muted: then nothing of it is.
 */
export function mute(
  { findings, roots }: Diagnosis,
  judged: readonly Finding[],
  mutings: readonly Muting[],
  now: number,
): Diagnosis {
  const valid = mutings.filter(({ until }) => now <= (endOfDay(until) ?? -Infinity));
  if (valid.length === 0) return { findings, roots };
  const before = new Map(judged.map((finding) => [findingKey(finding), finding.status]));
  const direct = (finding: Finding): Muted | undefined => {
    const found = isBad(finding) && valid.find((one) => covers(one, finding));
    // A warning that broke something is no longer what was known.
    const isWorse = (before.get(findingKey(finding)) ?? finding.status) !== finding.status;
    return found && !isWorse ? { reason: found.reason, until: found.until } : undefined;
  };
  const atRoots = new Map<string, (Muted | undefined)[]>();
  for (const finding of findings) {
    if (finding.role !== "root") continue;
    const key = refKey(finding.object);
    atRoots.set(key, [...atRoots.get(key) ?? [], direct(finding)]);
  }
  const silent = new Map([...atRoots].flatMap(([key, all]) => {
    const [first] = all;
    return first && all.every((one) => one !== undefined) ? [[key, first] as const] : [];
  }));
  const marked = findings.map((finding): Finding => {
    const cause = finding.chain?.at(-1);
    const muted = finding.role === "root"
      ? silent.get(refKey(finding.object))
      : direct(finding) ?? (cause && silent.get(refKey(cause.object)));
    return muted ? { ...finding, muted } : finding;
  });
  return { findings: marked, roots: roots.filter(({ object }) => !silent.has(refKey(object))) };
}

const isBad = ({ status }: Finding) => status === "critical" || status === "warning" || status === "unknown";

const findingKey = ({ check, object }: Finding) => `${check} ${refKey(object)}`;

function covers(muting: Muting, { check, object }: Finding): boolean {
  return fits(muting.check, check) && fits(muting.object, refText(object));
}
