/** Finds the engines of the platform and opens those that are asked for. */
import type { Asked } from "../../../command.ts";
import { type EngineFailure, failureOfEngine } from "../failures.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { Failure, ObjectRef, World } from "../../../engine/model.ts";
import type { Catalog } from "../../nessie/setup/mod.ts";
import type { WarehouseStore } from "../../nessie/setup/warehouse_store.ts";
import { type Engine, EngineError, type EngineName } from "./engine.ts";

/** What engines are opened with. */
export interface EngineSetting {
  world: World;
  asked: Asked;
  catalog: Catalog;
  store: WarehouseStore;
  /** Of the catalog; absent: its default. */
  warehouse?: string;
  /** The directory of DuckDB's extensions, where it was given. */
  extensions?: string;
}

/** An engine that is asked for: opened, not there at all, or there and broken. */
export type OpenedEngine =
  & { name: EngineName; title: string; openedMs: number; pod?: ObjectRef }
  & ({ engine: Engine } | { absent: string } | { failure: Failure } | { refused: EngineFailure });

type Opener = (setting: EngineSetting) => Promise<{ engine: Engine; pod?: ObjectRef } | { absent: string }>;

/** Loaded when it is asked for. */
const OPENERS: Readonly<Record<EngineName, { title: string; open: Opener }>> = {
  spark: {
    title: "Spark",
    async open({ world, asked: { cluster, timeoutMs, signal } }) {
      const { openSpark, sparkPlace } = await import("./spark.ts");
      const place = sparkPlace(world);
      if (!place) return { absent: "no pod here is recognised as a client of Spark SQL" };
      if ("failure" in place) throw new CannotLook(place.failure);
      const pod = { kind: "Pod", namespace: place.namespace, name: place.pod };
      return { engine: await openSpark(place, { cluster, timeoutMs, signal }), pod };
    },
  },
  duckdb: {
    title: "DuckDB",
    async open({ catalog: { connection, signal }, store: { session }, warehouse, extensions }) {
      const { openDuckDbEngine } = await import("./duckdb.ts");
      const given = {
        ...warehouse === undefined ? {} : { warehouse },
        ...extensions === undefined ? {} : { extensions },
      };
      const { keys, region, connection: store } = session;
      const timeoutMs = STATEMENT_MS;
      return {
        engine: await openDuckDbEngine({
          catalog: connection,
          store,
          keys,
          region,
          timeoutMs,
          signal,
          ...given,
        }),
      };
    },
  },
};

/** Longest wait for one statement: a cold engine on a busy machine takes its time. */
const STATEMENT_MS = 60_000;

/** Opens these engines side by side; none of them keeps another from being opened. */
export async function openEngines(
  names: readonly EngineName[],
  setting: EngineSetting,
): Promise<OpenedEngine[]> {
  return await Promise.all(names.map(async (name): Promise<OpenedEngine> => {
    const { title, open } = OPENERS[name];
    const started = performance.now();
    const base = () => ({ name, title, openedMs: performance.now() - started });
    try {
      const opened = await open(setting);
      return { ...base(), ...opened };
    } catch (error) {
      if (error instanceof EngineError) return { ...base(), refused: failureOfEngine(error) };
      if (!(error instanceof CannotLook)) throw error;
      return { ...base(), failure: error.failure };
    }
  }));
}
