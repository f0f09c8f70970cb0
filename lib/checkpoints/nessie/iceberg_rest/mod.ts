/**
 * What the catalog can do of the Iceberg REST protocol, tried one behaviour at a time. The behaviours are those of
 * Iceberg's compatibility kit (github.com/apache/iceberg: CatalogTests, ViewCatalogTests), and what engines do here.
 */
import type { CatalogReply } from "../../../clients/catalog_http.ts";
import type { RecordSource } from "../../../engine/model.ts";
import { atMost, list, obj, oneOf, text } from "../../../engine/decode.ts";
import {
  type Outcome,
  type SeenRecord,
  type Trial,
  trialReader,
  type TrialRecord,
} from "../../../checkpoint/trial.ts";
import { commandOf } from "../../../checkpoint/next_steps.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import type { Yard } from "./scratch.ts";

/** `differently`: it can be had, but not as the protocol has it. */
export type CanAnswer = "yes" | "no" | "differently";

export interface Capability extends Trial<Yard> {
  area: "namespaces" | "tables" | "commits" | "renames" | "files" | "views" | "protocol";
  /** Who cannot do without it: `Spark, PyIceberg, DuckDB`. Absent: it is told, and nothing is found wrong. */
  engines?: string;
  /** As `/v1/config` would list it: `POST /v1/{prefix}/namespaces`. */
  endpoints?: readonly string[];
  run(yard: Yard): Promise<CanOutcome>;
}

export interface CanOutcome extends Outcome {
  can: CanAnswer;
}

interface CapabilityFields {
  /** Absent when it could not be tried. */
  can?: CanAnswer;
  /** What `/v1/config` lists; of the trial that asks for it only. */
  endpoints?: string[];
}

export type CapabilityRecord = TrialRecord & CapabilityFields;
/** As it is read. */
export type SeenCapability = SeenRecord & CapabilityFields;

const readTrial = trialReader(commandOf);
const readMore = obj({
  can: oneOf("yes", "no", "differently"),
  endpoints: atMost(1000, list(text(300))),
});

export const capabilityRecords: RecordSource<SeenCapability> = {
  id: "nessie.capabilities",
  records: "capabilities of the catalog",
  read(value) {
    const record = readTrial(value);
    return record && { ...record, ...readMore(value) };
  },
};

/** All three engines of the platform. */
export const ALL_ENGINES = "Spark, PyIceberg, DuckDB";

export const yes = (message: string, more: Partial<Outcome> = {}): CanOutcome => ({
  result: "passed",
  reason: "Holds",
  message,
  ...more,
  can: "yes",
});

/** It can be had, and harms nobody who knows. */
export const differently = (message: string, more: Partial<Outcome> = {}): CanOutcome => ({
  ...yes(message, { reason: "Differently", ...more }),
  can: "differently",
});

export const no = (reason: string, message: string, more: Partial<Outcome> = {}): CanOutcome => ({
  result: "failed",
  reason,
  message,
  ...more,
  can: "no",
});

/** It was to be done, and the catalog did not. */
export function refusedIt(what: string, reply: CatalogReply): CanOutcome {
  const reason = reply.status === 404 || reply.status === 405 || reply.status === 501
    ? "NotServed"
    : reply.status >= 500
    ? "ServerError"
    : "Refused";
  return no(reason, `the catalog does not ${what}: it answers ${words(reply)}`, { observed: words(reply) });
}

/** What must be refused with one of these statuses: yes; with another refusal: differently; done: no. */
export function refusal(
  what: string,
  reply: CatalogReply,
  wanted: readonly number[],
  harm: string,
): CanOutcome {
  const expected = `HTTP ${wanted.join(" or ")}`;
  const seen = { observed: words(reply), expected };
  if (wanted.includes(reply.status)) return yes(`the catalog refuses to ${what}`, seen);
  if (isGood(reply)) {
    return no(
      "SilentlyIgnored",
      `the catalog was to refuse to ${what}, and answers ${reply.status}: ${harm}`,
      seen,
    );
  }
  return differently(
    `the catalog refuses to ${what}, with ${reply.status} instead of ${wanted.join(" or ")}`,
    seen,
  );
}

/** The first that is not yes; else the last. What a capability of several steps comes to. */
export function worst(...outcomes: readonly CanOutcome[]): CanOutcome {
  const bad = outcomes.find(({ can }) => can === "no") ?? outcomes.find(({ can }) => can === "differently");
  const last = outcomes.at(-1);
  if (bad ?? last) return (bad ?? last) as CanOutcome;
  throw new Error("a capability of no steps");
}

export function listAt(value: unknown, ...keys: readonly (string | number)[]): unknown[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? found : [];
}
