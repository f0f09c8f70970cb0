/** What the judges of custom resources share: durations, stuck deletions, names that were mistyped, kinds not served. */
import {
  type Check,
  definitionOf,
  type Judgement,
  type ListSource,
  type ShellCommand,
  type World,
} from "../../engine/model.ts";
import { ageSeconds, ageText, type Metadata } from "./fields.ts";
import { plural } from "../../engine/sentence.ts";
import { command } from "../../untrusted/shell.ts";
import { own } from "../../untrusted/lookup.ts";

/** A deletion that takes longer than this is held by something. */
const DELETION_SECONDS = 600;

const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds of a Go duration such as `1h30m` or `90s`; undefined when it is not one. */
export function goSeconds(duration: string | undefined): number | undefined {
  if (!duration) return undefined;
  const parts = [...duration.matchAll(/(?<!\d)(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.map(([whole]) => whole).join("") !== duration) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (own(UNITS, unit) ?? 0), 0);
}

/** A deletion that does not end: `TerminatingStuck`, naming the finalizers that hold it. */
export function judgeDeletion(
  object: { metadata?: Metadata },
  world: World,
  describe: ShellCommand,
): Judgement | undefined {
  const age = ageSeconds(world.now, object.metadata?.deletionTimestamp);
  if (age === undefined || age < DELETION_SECONDS) return undefined;
  const held = object.metadata?.finalizers?.join(", ");
  return {
    status: "critical",
    reason: "TerminatingStuck",
    message: `has been terminating for ${ageText(age)}${held ? `, held by finalizers ${held}` : ""}`,
    observed: `deletionTimestamp ${object.metadata?.deletionTimestamp}`,
    expected: "gone, or never deleted",
    evidence: "metadata.deletionTimestamp, metadata.finalizers",
    next: [describe],
  };
}

/** Of words that are not known nothing can be said: that is neither healthy nor broken. */
export function notUnderstood(
  what: string,
  base: Pick<Judgement, "observed" | "expected" | "evidence" | "next">,
): Judgement {
  return { ...base, status: "unknown", reason: "NotUnderstood", message: `${what}, which is not understood` };
}

/** Whether all words of one name are in the other: `postgres` and `nessie-postgres`. */
export function namesFit(object: string, maker: string): boolean {
  const words = new Set(object.split("-"));
  const others = new Set(maker.split("-"));
  return words.isSubsetOf(others) || others.isSubsetOf(words);
}

/** Whether the API server does not know the kind, as opposed to not letting us look. */
export function notServed(world: World, source: ListSource): boolean {
  return world.failure(source)?.kind === "not-installed";
}

/**
 * The check that the kinds of a component are served. A kind that is not, although something shows that the
 * platform uses it (`wanted`), is critical; when nothing does, the component does not apply.
 */
export function servedCheck(
  component: string,
  title: string,
  sources: ListSource[],
  wanted: (world: World, source: ListSource) => boolean,
): Check {
  const named = { kind: "CustomResourceDefinition", name: "*" };
  return {
    id: `${component}.kinds-served`,
    title: `${title} kinds`,
    explain: `The API server serves the kinds of ${title} that the platform uses: ${
      sources.map((source) => source.kind).join(", ")
    }. Without its definition an object is neither kept nor acted on.`,
    needs: [],
    object: () => named,
    run(world) {
      const absent = sources.filter((source) => notServed(world, source));
      const groups = Map.groupBy(absent, (source) => definitionOf(source)?.name ?? named.name);
      const bad = [...groups].filter(([, members]) => members.some((source) => wanted(world, source)));
      if (bad.length > 0) {
        return bad.map(([name, members]) => ({
          object: { ...named, name },
          status: "critical",
          reason: "NotInstalled",
          message: `The cluster does not serve ${
            members.map(({ kind }) => kind).join(", ")
          }, which the platform uses`,
          observed: "absent",
          expected: "installed",
          evidence: members.map(({ path }) => `GET ${path}`).join(", "),
          next: [command`kubectl get crd | grep ${name.replace("*.", "")}`],
        }));
      }
      if (absent.length === sources.length) {
        return [{ status: "skipped", reason: "NotInstalled", message: `${title} is not installed here` }];
      }
      const blind = unreadAmong(sources, world);
      if (blind) return [blind];
      const served = sources.length - absent.length;
      const observed = `${served} of ${sources.length}`;
      return [{
        status: "ok",
        reason: "Served",
        message: `The API server serves ${absent.length > 0 ? observed : served} ${
          sources.length === 1 ? "kind" : "kinds"
        } of ${title}`,
        observed,
      }];
    },
  };
}

/** Says that one of these lists could not be read; of a kind that is not served there is nothing to read. */
export function unreadAmong(sources: readonly ListSource[], world: World): Judgement | undefined {
  const unread = sources.find((source) => world.failure(source) && !notServed(world, source));
  if (!unread) return undefined;
  const message = `${plural(unread.kind)} could not be read: ${world.failure(unread)?.message}`;
  return { status: "unknown", reason: "NotReadable", message, unread: unread.id };
}
