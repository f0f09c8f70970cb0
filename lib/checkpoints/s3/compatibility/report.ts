/** What is made of the dialect: checks of what a lakehouse cannot do without, and tables of behaviours and settings. Pure. */
import type { Check, Component, Judgement, ObjectRef, Table, World } from "../../../engine/model.ts";
import { fromService } from "../../../checkpoint/component.ts";
import { s3Family } from "../components.ts";
import { type Feature, FEATURES, type Risk } from "./features.ts";
import { type DialectRecord, s3Dialect, s3Setup } from "../records.ts";
import { settingsOf } from "../client_config/mod.ts";
import { command } from "../../../untrusted/shell.ts";

const dialectRef: ObjectRef = { kind: "S3Dialect", name: "object-store" };

interface Told {
  feature: Feature;
  record: DialectRecord;
}

interface Odd extends Told {
  risk: Risk | "corrupts" | "unknown";
}

/** The features that do not behave as S3, with what they come to. */
function odd(world: World): Odd[] {
  return told(world).flatMap(({ feature, record }): Odd[] => {
    const { behaviour } = record;
    if (behaviour === feature.s3) return [];
    if (behaviour === "unknown" || behaviour === "corrupts") return [{ feature, record, risk: behaviour }];
    return [{ feature, record, risk: feature.otherwise }];
  });
}

function told(world: World): Told[] {
  const records = new Map(world.records(s3Dialect).map((record) => [record.id, record]));
  return FEATURES.map((feature) => ({
    feature,
    record: records.get(feature.id) ?? { id: feature.id, behaviour: "unknown", observed: "not tried" },
  }));
}

const named = ({ feature, record }: Told) => `${feature.title} (${record.observed})`;

/** The word of reasons that say that nothing was tried, so that its cause can explain it. */
function nothingTried(world: World): Judgement[] | undefined {
  if (world.records(s3Dialect).length > 0) return undefined;
  return [{ status: "unknown", reason: "NotTried", message: "how the store speaks S3: not tried" }];
}

/** The same without those of which a trial of operations says what is wrong. */
const oddHere = (world: World): Odd[] => odd(world).filter(({ feature }) => !feature.trial);

const sound: Check = {
  id: "s3.dialect-sound",
  title: "writes of every kind",
  explain:
    "Bytes, streams, uploads in parts and copies are written, with checksums when_required, and read back as they were " +
    "sent. A store that takes a form of writing and then holds other bytes destroys data.",
  needs: [s3Dialect],
  object: () => dialectRef,
  run(world) {
    const nothing = nothingTried(world);
    if (nothing) return nothing;
    const all = oddHere(world);
    const corrupted = all.filter(({ risk }) => risk === "corrupts");
    if (corrupted.length > 0) {
      const message = `the store holds other bytes than it was sent: ${corrupted.map(named).join("; ")}`;
      return [{ status: "critical", reason: "WrongBytes", message, expected: "the bytes that were sent" }];
    }
    const broken = all.filter(({ risk }) => risk === "broken");
    if (broken.length > 0) {
      return broken.map(({ feature, record }) => ({
        status: "critical" as const,
        reason: "CannotWrite",
        message: `${feature.title} does not work, so ${feature.then}`,
        observed: record.observed,
        expected: "HTTP 200",
      }));
    }
    const message = "bytes, streams, parts and copies are written and read back as they were sent";
    return [{ status: "ok", reason: "Holds", message }];
  },
};

const safeguards: Check = {
  id: "s3.dialect-safeguards",
  title: "safeguards",
  explain:
    "Writes with a wrong checksum, and with a condition that does not hold, are rejected. A store that answers 200 has " +
    "ignored them silently: clients believe in a protection that is not there. What a trial of operations tries is told by it.",
  needs: [s3Dialect],
  object: () => dialectRef,
  run(world) {
    const nothing = nothingTried(world);
    if (nothing) return nothing;
    const silent = oddHere(world).filter(({ risk, record }) =>
      risk === "silent" && record.behaviour === "ignored"
    );
    if (silent.length === 0) {
      const message = "wrong checksums and conditions that do not hold are refused";
      return [{ status: "ok", reason: "Holds", message }];
    }
    const effects = [...new Set(silent.map(({ feature }) => feature.then))].join("; ");
    const which = silent.map(({ feature }) => feature.title).join(", ");
    return [{
      status: "warning",
      reason: "SilentlyIgnored",
      message: `the store ignores silently: ${which}. With these ${effects}`,
      observed: "HTTP 200",
      expected: "HTTP 400 or 412",
      evidence: "PUT and POST with what must be refused",
      next: [command`deno task data-platform:test:s3 --verbose`],
    }];
  },
};

const known: Check = {
  id: "s3.dialect-settings",
  title: "settings of clients",
  explain:
    "Every behaviour that clients must be set up for is known, so the settings in the report are exact. What could not be " +
    "tried is named; settings then choose what works everywhere.",
  needs: [s3Dialect, s3Setup],
  object: () => dialectRef,
  run(world) {
    const nothing = nothingTried(world);
    if (nothing) return nothing;
    const all = odd(world);
    const blind = all.filter(({ risk }) => risk === "unknown");
    if (blind.length > 0) {
      const message = `could not be tried: ${blind.map(named).join("; ")}`;
      return [{ status: "unknown", reason: "NotTried", message }];
    }
    const wanted = all.filter(({ risk }) => risk === "setting").length;
    const message = `${FEATURES.length} behaviours are known; ${
      wanted === 0 ? "clients need no setting but the address" : `${wanted} of them want settings`
    }: --verbose shows them, --write-client-config DIR writes them`;
    return [{ status: "ok", reason: "Known", message, observed: `${wanted} want settings` }];
  },
};

function tables(world: World): Table[] {
  const [setup] = world.records(s3Setup);
  const records = world.records(s3Dialect);
  if (records.length === 0) return [];
  return [dialectTable(world), ...setup ? [settingsTable(setup, records)] : []];
}

function dialectTable(world: World): Table {
  const differing = new Set(odd(world).map(({ feature }) => feature.id));
  return {
    name: "s3.dialect",
    title: "What this store does",
    columns: ["what was tried", "here", "S3", "answer, and what follows"],
    rows: told(world).map(({ feature, record }) => [
      feature.title,
      record.behaviour,
      feature.s3,
      [record.observed.replace(/^HTTP /, ""), ...differing.has(feature.id) ? [feature.then] : []].join("; "),
    ]),
    verbose: true,
  };
}

function settingsTable(setup: Parameters<typeof settingsOf>[0], records: readonly DialectRecord[]): Table {
  return {
    name: "s3.settings",
    title: "Settings for clients of this store",
    columns: ["client", "setting", "value", "because"],
    rows: settingsOf(setup, records).flatMap(({ client, settings }) =>
      settings.map(({ name, value, because }) => [client, name, value, because])
    ),
    verbose: true,
  };
}

export const dialectComponent: Component = {
  name: "s3-dialect",
  title: "How the store speaks S3",
  dependsOn: ["s3-gateway"],
  sources: [s3Dialect, s3Setup],
  namespaces: () => [],
  kinds: [],
  checks: [sound, safeguards, known],
  edges: () => [fromService(s3Family, dialectRef)],
  tables,
};
