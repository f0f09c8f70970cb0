/**
 * What the catalog can do of the Iceberg REST protocol, tried one behaviour at a time. The behaviours are those of
 * Iceberg's compatibility kit (github.com/apache/iceberg: CatalogTests, ViewCatalogTests), and what engines do here.
 */
import type { CatalogReply } from "../../../clients/catalog_http.ts";
import type { RecordSource } from "../../../engine/model.ts";
import { atMost, list, obj, oneOf, text } from "../../../engine/decode.ts";
import { expect } from "../../../checkpoint/expect.ts";
import {
  type Outcome,
  passed,
  type SeenRecord,
  type Trial,
  trialReader,
  type TrialRecord,
} from "../../../checkpoint/trial.ts";
import { commandOf } from "../../../checkpoint/next_steps.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import type { ScratchRest } from "./scratch.ts";

/** `differently`: it can be had, but not as the protocol has it. */
export type CanAnswer = "yes" | "no" | "differently";

export interface Capability extends Trial<ScratchRest> {
  area: "namespaces" | "tables" | "commits" | "renames" | "files" | "views" | "protocol";
  /** Who cannot do without it: `Spark, PyIceberg, DuckDB`. Absent: it is told, and nothing is found wrong. */
  engines?: string;
  /** As `/v1/config` would list it: `POST /v1/{prefix}/namespaces`. */
  endpoints?: readonly string[];
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

/** The same records with what the catalog can. What a trial adds to its outcome stands in its record. */
export function withAnswers(records: readonly TrialRecord[]): CapabilityRecord[] {
  return records.map((record): CapabilityRecord => {
    if (record.result === "failed") return { ...record, can: "no" };
    if (record.result !== "passed") return record;
    return { ...record, can: record.reason === DIFFERENTLY ? "differently" : "yes" };
  });
}

const readTrial = trialReader(commandOf);
const readMore = obj({ can: oneOf("yes", "no", "differently"), endpoints: atMost(1000, list(text(300))) });

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

const DIFFERENTLY = "Differently";

/** It can be had, and harms nobody who knows. */
export const differently = (message: string, more: Partial<Outcome> = {}): Outcome =>
  passed(message, { reason: DIFFERENTLY, ...more });

/** That the catalog did what it was asked. */
export function expectServed(reply: CatalogReply, what: string, served = isGood(reply)): void {
  const reason = [404, 405, 501].includes(reply.status)
    ? "NotServed"
    : reply.status >= 500
    ? "ServerError"
    : "Refused";
  const observed = words(reply);
  expect(served, reason, `the catalog does not ${what}: it answers ${observed}`, { observed });
}

/** That the catalog rejected what it must, with one of these statuses; with another one: differently. */
export function rejection(
  what: string,
  reply: CatalogReply,
  wanted: readonly number[],
  harm: string,
): Outcome {
  const statuses = wanted.join(" or ");
  const seen = { observed: words(reply), expected: `HTTP ${statuses}` };
  const ignored =
    `the catalog answers ${reply.status} to a request to ${what}, which it must reject: ${harm}`;
  expect(!isGood(reply), "SilentlyIgnored", ignored, seen);
  return wanted.includes(reply.status)
    ? passed(`the catalog rejects a request to ${what}`, seen)
    : differently(
      `the catalog rejects a request to ${what}, with ${reply.status} instead of ${statuses}`,
      seen,
    );
}

/** The first that is different; else the last. What a capability of several steps comes to. */
export function worst(...outcomes: readonly [Outcome, ...Outcome[]]): Outcome {
  return outcomes.find(({ reason }) => reason === DIFFERENTLY) ?? outcomes.at(-1) ?? outcomes[0];
}

export function listAt(value: unknown, ...keys: readonly (string | number)[]): unknown[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? found : [];
}
