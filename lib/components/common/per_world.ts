/** Indexes that several judges share, made once for each world. */
import { memo } from "../../engine/memo.ts";
import type { World } from "../../engine/model.ts";

export const perWorld = <T>(make: (world: World) => T): (world: World) => T => memo(make);
